#include "common/decoding_methods.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "minillama/core/error.h"

#include "common/decoding_arguments.h"
#include "common/generate_arguments.h"
#include "common/sampling_arguments.h"

namespace minillama::app {
namespace {

constexpr std::string_view kBlanks = " \t";

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  char quotation = 0;  // the mark that ends what is quoted
  bool is_word = false;
  for (const char c : text) {
    if (quotation == 0 && kBlanks.find(c) != std::string_view::npos) {
      is_word = false;
      continue;
    }
    if (!is_word) words.emplace_back();
    is_word = true;
    if (c == quotation) {
      quotation = 0;
    } else if (quotation == 0 && (c == '"' || c == '\'')) {
      quotation = c;
    } else {
      words.back() += c;
    }
  }
  if (quotation != 0)
    throw OptionError(fmt::format("a quotation mark, {}, is not closed", quotation));
  return words;
}

/// The options that a method may have.
bool is_of_methods(const std::string& option) {
  auto names = sampling_options();
  for (auto& name : decoding_options()) names.push_back(std::move(name));
  for (const auto* other : {"seed", "verbose", "no-cache", "continuations"}) {
    std::erase(names, other);
  }
  return std::ranges::find(names, option) != names.end();
}

DecodingMethod read_method(std::string_view line, const TextGenerator& generator,
                           const GenerationOptions& common) {
  const auto colon = line.find(':');
  const auto name = trimmed(line.substr(0, colon));
  if (colon == std::string_view::npos || name.empty()) {
    throw OptionError("is no method, which is a name, a colon and options of generate");
  }
  const auto words = trimmed(line.substr(colon + 1));
  auto arguments = declare_generate_arguments();
  arguments.read(words_of(words));
  if (!arguments.positional().empty()) {
    throw OptionError(
        fmt::format("unexpected word {} among the options", quote(arguments.positional().front())));
  }
  for (const auto& option : arguments.all_given()) {
    if (is_of_methods(option)) continue;
    throw OptionError(fmt::format(
        "--{} is no option of a method: those are about sampling and strategies", option));
  }
  check_generate_arguments(arguments);
  auto options = with_word_arguments(arguments, read_generation_options(arguments, false),
                                     generator.tokenizer());
  options.seed = common.seed;
  options.max_new_tokens = common.max_new_tokens;
  options.batch_size = common.batch_size;
  options.vocabulary = generator.tokenizer().vocab_size();
  auto decoding = read_decoding_options(arguments, generator, options);
  return {std::string(name), std::string(words), std::move(options), std::move(decoding)};
}

}  // namespace

std::vector<DecodingMethod> read_decoding_methods(const TextFile& file,
                                                  const TextGenerator& generator,
                                                  const GenerationOptions& common) {
  file.check();
  std::vector<DecodingMethod> methods;
  std::size_t n_lines = 0;
  for (auto rest = file.text(); !rest.empty();) {
    const auto line = take_line(rest);
    ++n_lines;
    if (is_blank(line) || line.starts_with('#')) continue;
    try {
      auto method = read_method(line, generator, common);
      if (std::ranges::find(methods, method.name, &DecodingMethod::name) != methods.end()) {
        throw OptionError(
            fmt::format("there is another method of the name {}", quote(method.name)));
      }
      methods.push_back(std::move(method));
    } catch (const OptionError& error) {
      throw FileError(file.path(), n_lines, error.what());
    }
  }
  if (methods.empty()) throw FileError(file.path(), "has no methods");
  return methods;
}

}  // namespace minillama::app
