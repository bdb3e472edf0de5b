#include "minillama/text/normalizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/utf8.h"
#include "minillama/text/characters.h"

namespace minillama {
namespace {

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

utf8proc_option_t options_of(UnicodeForm form) {
  int options = UTF8PROC_STABLE;
  const bool composes = form == UnicodeForm::nfc || form == UnicodeForm::nfkc;
  options |= composes ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  if (form == UnicodeForm::nfkc || form == UnicodeForm::nfkd) options |= UTF8PROC_COMPAT;
  return static_cast<utf8proc_option_t>(options);
}

std::string in_form(std::string_view text, UnicodeForm form) {
  if (is_ascii(text)) return std::string(text);  // is in all of them
  utf8proc_uint8_t* made = nullptr;
  const auto size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &made, options_of(form));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(made, &std::free);
  if (size < 0) {
    throw InputError(fmt::format("a text cannot be normalized: {}", utf8proc_errmsg(size)));
  }
  return {reinterpret_cast<const char*>(made), static_cast<std::size_t>(size)};
}

}  // namespace

std::string replace_all(std::string_view text, const Pattern& pattern, std::string_view content) {
  std::vector<TextSpan> matches;
  pattern.find_all(text, matches);
  std::string out;
  std::size_t taken = 0;
  for (const auto& match : matches) {
    out += text.substr(taken, match.begin - taken);
    out += content;
    taken = match.end;
  }
  return out += text.substr(taken);
}

Normalizer::Normalizer(std::span<const NormalizerStep> steps, const std::filesystem::path& path) {
  for (const auto& step : steps) {
    const auto* replace = std::get_if<Replace>(&step);
    steps_.push_back(
        {step, replace ? std::optional<Pattern>(Pattern(replace->pattern, path)) : std::nullopt});
  }
}

bool Normalizer::prepends() const {
  return std::ranges::any_of(
      steps_, [](const Step& step) { return std::holds_alternative<Prepend>(step.step); });
}

std::string Normalizer::normalize(std::string_view text, StretchBegin begin) const {
  std::string out(text);
  for (const auto& [step, pattern] : steps_) {
    if (const auto* form = std::get_if<UnicodeForm>(&step)) {
      out = in_form(out, *form);
    } else if (std::holds_alternative<Lowercase>(step)) {
      out = lowercase(out);
    } else if (const auto* prepend = std::get_if<Prepend>(&step)) {
      if (!out.empty() && begin != StretchBegin::continuation) out.insert(0, prepend->text);
    } else if (const auto* replace = std::get_if<Replace>(&step)) {
      out = replace_all(out, *pattern, replace->content);
    } else if (const auto* strip = std::get_if<StripSpace>(&step)) {
      if (strip->right) out.resize(out.size() - trailing_space(out));
      if (strip->left) out.erase(0, leading_space(out));
    }
  }
  return out;
}

}  // namespace minillama
