#include "minillama/text/sentence_template.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {
namespace {

constexpr std::string_view kPlace = "{sentence}";

std::string_view without_spaces(std::string_view text) {
  const auto first = std::min(text.find_first_not_of(' '), text.size());
  const auto end = text.find_last_not_of(' ') + 1;  // npos + 1 is 0
  return text.substr(first, std::max(first, end) - first);
}

}  // namespace

SentenceTemplate::SentenceTemplate(std::string text)
    : text_(std::move(text)), place_(text_.find(kPlace)) {
  if (place_ == std::string::npos || text_.find(kPlace, place_ + 1) != std::string::npos) {
    throw OptionError(fmt::format("template {} must hold {} exactly once", quote(text_), kPlace));
  }
}

std::string SentenceTemplate::fill(std::string_view sentence) const {
  std::string filled = text_;
  return filled.replace(place_, kPlace.size(), sentence);
}

SentenceTemplate::Encoded SentenceTemplate::encode(const Tokenizer& tokenizer,
                                                   std::string_view sentence,
                                                   std::int64_t max_sentence_tokens,
                                                   std::int64_t max_tokens) const {
  // A sentencepiece begins a text as it does a word: the space before it is its own.
  const std::string_view text = text_;
  const auto before = tokenizer.encode(without_spaces(text.substr(0, place_)));
  const auto behind = tokenizer.encode(without_spaces(text.substr(place_ + kPlace.size())));
  auto ids = tokenizer.encode(sentence);

  const std::int64_t others = 1 + std::ssize(before) + std::ssize(behind);  // 1 for BOS
  const auto room = std::min(max_sentence_tokens, max_tokens - others);
  if (room < 1) {
    throw OptionError(fmt::format("no room for a sentence: the template has {} tokens, {} fit",
                                  others, max_tokens));
  }
  const bool shortened = std::ssize(ids) > room;
  if (shortened) ids.resize(static_cast<std::size_t>(room));
  ids.insert(ids.begin(), before.begin(), before.end());
  ids.insert(ids.end(), behind.begin(), behind.end());
  return {with_bos(tokenizer, ids), shortened};
}

}  // namespace minillama
