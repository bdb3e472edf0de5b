#include "minillama/text/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/utf8.h"
#include "minillama/text/oniguruma.h"

namespace minillama {
namespace {

/// Longer ones would be compiled for too long, or into too much.
constexpr std::size_t kMaxPatternBytes = 16384;

std::string message_of(int error) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(error, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

struct Deleter {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};

template <typename T>
using Pcre2Pointer = std::unique_ptr<T, Deleter>;

template <typename T>
Pcre2Pointer<T> checked(T* made) {
  if (made == nullptr) throw std::bad_alloc();
  return Pcre2Pointer<T>(made);
}

Pcre2Pointer<pcre2_code> compile(const std::string& pattern, const std::filesystem::path& path) {
  if (pattern.size() > kMaxPatternBytes) {
    throw FileError(path, fmt::format("the pattern {} is longer than {} bytes", quote(pattern),
                                      kMaxPatternBytes));
  }
  const auto translated = pcre2_pattern(pattern, path);
  int error = 0;
  std::size_t offset = 0;
  // In Oniguruma's syntax ^ and $ stand at every line.
  const std::uint32_t options =
      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_AUTO_CAPTURE;
  Pcre2Pointer<pcre2_code> code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()),
                                              translated.size(), options, &error, &offset,
                                              nullptr));
  if (!code) {
    throw FileError(path,
                    fmt::format("the pattern {} is broken: {}", quote(pattern), message_of(error)));
  }
  // Where there is no compiler for the machine, it is interpreted.
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
  return code;
}

}  // namespace

struct Pattern::Compiled {
  Pcre2Pointer<pcre2_code> code;
};

Pattern::Pattern(const TextPattern& pattern, const std::filesystem::path& path) : path_(path) {
  if (pattern.text.empty()) throw FileError(path, "a pattern is empty");
  if (pattern.is_regex) {
    compiled_ = std::make_unique<const Compiled>(Compiled{compile(pattern.text, path)});
  } else {
    literal_ = pattern.text;
  }
}

Pattern::~Pattern() = default;
Pattern::Pattern(Pattern&& other) noexcept = default;
Pattern& Pattern::operator=(Pattern&& other) noexcept = default;

void Pattern::find_all(std::string_view text, std::vector<TextSpan>& matches) const {
  matches.clear();
  if (!compiled_) {
    for (std::size_t at = 0; (at = text.find(literal_, at)) != std::string_view::npos;) {
      matches.push_back({at, at + literal_.size()});
      at += literal_.size();
    }
    return;
  }
  const auto data = checked(pcre2_match_data_create(1, nullptr));
  const auto* found = pcre2_get_ovector_pointer(data.get());
  std::size_t at = 0;
  while (at <= text.size()) {
    const int result = pcre2_match(compiled_->code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()),
                                   text.size(), at, PCRE2_NO_UTF_CHECK, data.get(), nullptr);
    if (result == PCRE2_ERROR_NOMATCH) break;
    if (result < 0) {
      throw InputError(fmt::format("{}: a text cannot be searched for its pattern: {}",
                                   printable(path_.native()), message_of(result)));
    }
    const TextSpan match{found[0], found[1]};
    const bool is_new =
        matches.empty() || match.end > match.begin || match.end > matches.back().end;
    if (is_new) matches.push_back(match);
    at = match.end;
    if (match.begin == match.end) {
      at += std::max<std::size_t>(utf8_character_length(text.substr(at)), 1);
    }
  }
}

}  // namespace minillama
