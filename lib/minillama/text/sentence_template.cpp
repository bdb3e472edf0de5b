#include "minillama/text/sentence_template.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/thread_pool.h"

namespace minillama {
namespace {

constexpr std::string_view kPlace = "{sentence}";
constexpr std::string_view kAnswer = "{answer}";

std::string_view without_spaces(std::string_view text) {
  const auto first = std::min(text.find_first_not_of(' '), text.size());
  const auto end = text.find_last_not_of(' ') + 1;  // npos + 1 is 0
  return text.substr(first, std::max(first, end) - first);
}

/// The conversation that a text with "{answer}" describes.
std::string conversation(std::string_view text, const ChatTemplate& chat) {
  const auto answer = text.find(kAnswer);
  const ChatMessage message{.role = ChatRole::user, .content = std::string(text.substr(0, answer))};
  auto rendered = chat.render(std::span(&message, 1));
  if (answer == std::string_view::npos) return rendered;
  const auto begun = text.substr(answer + kAnswer.size());
  if (message.content.find(kPlace) == std::string::npos ||
      begun.find(kAnswer) != std::string_view::npos) {
    throw OptionError(
        fmt::format("template {} must hold {} once, behind {}", quote(text), kAnswer, kPlace));
  }
  return rendered.append(begun);
}

TextPlace after(bool space) {
  return space ? TextPlace::after_space : TextPlace::continuation;
}

}  // namespace

SentenceTemplate::SentenceTemplate(std::string_view text, const ChatTemplate& chat)
    : SentenceTemplate(conversation(text, chat)) {
  is_chat_ = true;
  const auto answer = text.find(kAnswer);
  begins_answer_ = answer == std::string_view::npos ||
                   without_spaces(text.substr(answer + kAnswer.size())).empty();
}

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

TokenIds SentenceTemplate::ids_behind(const Tokenizer& tokenizer) const {
  const auto text = std::string_view(text_).substr(place_ + kPlace.size());
  return encode_around(tokenizer, text, after(text.starts_with(' ')));
}

TokenIds SentenceTemplate::encode_around(const Tokenizer& tokenizer, std::string_view text,
                                         TextPlace place) const {
  return is_chat_ ? ChatTemplate::encode(tokenizer, without_spaces(text), place)
                  : tokenizer.encode(without_spaces(text), place);
}

SentenceTemplate::Encoded SentenceTemplate::encode(const Tokenizer& tokenizer,
                                                   std::span<const std::string> sentences,
                                                   std::int64_t max_sentence_tokens,
                                                   std::int64_t max_tokens) const {
  if (max_sentence_tokens < 1 || max_tokens < 1) {
    throw OptionError(fmt::format("no room for a sentence: at most {} of its tokens, {} in all",
                                  max_sentence_tokens, max_tokens));
  }
  const auto text_before = std::string_view(text_).substr(0, place_);
  const auto before = encode_around(tokenizer, text_before, TextPlace::start);
  const auto behind = ids_behind(tokenizer);
  const auto place = before.empty() ? TextPlace::start : after(text_before.ends_with(' '));

  const std::int64_t others = 1 + std::ssize(before) + std::ssize(behind);  // 1 for BOS
  const auto room = std::min(max_sentence_tokens, max_tokens - others);
  if (room < 1) {
    throw OptionError(fmt::format("no room for a sentence: the template has {} tokens, {} fit",
                                  others, max_tokens));
  }

  Encoded all{.ids = std::vector<TokenIds>(sentences.size()),
              .is_shortened = std::vector<std::uint8_t>(sentences.size(), 0)};
  const auto encode_one = [&](std::size_t i) {
    auto ids = tokenizer.encode(sentences[i], place);
    if (std::ssize(ids) > room) {
      ids.resize(static_cast<std::size_t>(room));
      all.is_shortened[i] = 1;
    }
    ids.insert(ids.begin(), before.begin(), before.end());
    ids.insert(ids.end(), behind.begin(), behind.end());
    all.ids[i] = is_chat_ ? std::move(ids) : with_bos(tokenizer, ids);
  };
  constexpr std::int64_t kShare = 16;  // sentences that are worth a thread
  parallel_for(std::ssize(sentences), kShare, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = begin; i < end; ++i) encode_one(static_cast<std::size_t>(i));
  });
  return all;
}

}  // namespace minillama
