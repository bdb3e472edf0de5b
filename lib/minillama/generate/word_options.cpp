#include "minillama/generate/word_options.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "minillama/core/require.h"
#include "minillama/core/utf8.h"
#include "minillama/text/token_ids.h"
#include "minillama/text/tokenizer_model.h"

namespace minillama {
namespace {

/// The tokens of `text` behind other text: without the space in front where the text has none. What
/// follows a line break tells, as not every tokenizer heeds TextPlace::continuation.
TokenIds encode_inside(const Tokenizer& tokenizer, std::string_view text) {
  if (text.starts_with(' ')) return tokenizer.encode(text.substr(1), TextPlace::after_space);
  const auto line_break = tokenizer.encode("\n");
  auto ids = tokenizer.encode(fmt::format("\n{}", text));
  const auto [rest, behind] = std::ranges::mismatch(ids, line_break);
  if (line_break.empty() || behind != line_break.end() || rest == ids.end()) {
    return tokenizer.encode(text, TextPlace::continuation);
  }
  return {rest, ids.end()};
}

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

LogitBias read_bias(const std::string& text, const Tokenizer& tokenizer) {
  const auto equals = text.rfind('=');
  const auto bias = equals == std::string::npos
                        ? std::nullopt
                        : number_in<double>(std::string_view(text).substr(equals + 1));
  if (!bias || equals == 0) {
    throw OptionError(fmt::format("logit-bias is {}, must be TOKEN=BIAS", quote(text)));
  }
  const auto token = text.substr(0, equals);
  if (const auto id = number_in<std::int64_t>(token)) {
    require_below(*id, "the token of logit-bias", tokenizer.vocab_size());
    return {*id, *bias};
  }
  const auto ids = encode_inside(tokenizer, token);
  if (ids.size() == 1) return {ids.front(), *bias};
  const bool is_word = encode_inside(tokenizer, fmt::format(" {}", token)).size() == 1;
  throw OptionError(fmt::format("logit-bias {} is {} tokens, must be one{}", quote(token),
                                ids.size(), is_word ? ", as with a space in front" : ""));
}

/// With the space in front and without.
void add_banned(const std::string& word, const Tokenizer& tokenizer,
                std::vector<TokenIds>& banned) {
  const auto add = [&](const std::string& text) {
    auto ids = encode_inside(tokenizer, text);
    if (!ids.empty() && std::ranges::find(banned, ids) == banned.end()) {
      banned.push_back(std::move(ids));
    }
  };
  if (word.find_first_not_of(' ') == std::string::npos) {
    throw OptionError(fmt::format("ban is {}, must be a word", quote(word)));
  }
  add(word);
  if (!word.starts_with(' ')) add(fmt::format(" {}", word));
}

/// Adds the tokens with one of the breakers in their text.
void add_breakers(const std::vector<std::string>& breakers, const Tokenizer& tokenizer,
                  TokenIds& tokens) {
  std::vector<bool> is_found(breakers.size());
  const auto decoder = tokenizer.model().decoder();
  for (std::int64_t id = 0; id < tokenizer.vocab_size(); ++id) {
    const auto text = decoder->push(id).bytes;
    bool is_breaker = false;
    for (std::size_t i = 0; i < breakers.size(); ++i) {
      if (breakers[i].empty() || text.find(breakers[i]) == std::string::npos) continue;
      is_breaker = is_found[i] = true;
    }
    if (is_breaker) tokens.push_back(id);
  }
  for (std::size_t i = 0; i < breakers.size(); ++i) {
    if (is_found[i] || breakers[i].empty()) continue;
    throw OptionError(
        fmt::format("dry-breaker is {}, which no token has in its text", quote(breakers[i])));
  }
}

}  // namespace

GenerationOptions with_words(GenerationOptions options, const WordOptions& words,
                             const Tokenizer& tokenizer) {
  for (const auto& text : words.logit_bias) {
    options.logit_bias.push_back(read_bias(text, tokenizer));
  }
  for (const auto& word : words.banned_words) add_banned(word, tokenizer, options.banned);
  if (options.dry_multiplier > 0) {
    add_breakers(words.dry_breakers, tokenizer, options.dry_breakers);
  }
  options.validate();
  return options;
}

}  // namespace minillama
