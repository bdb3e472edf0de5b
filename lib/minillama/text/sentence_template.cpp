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

std::string_view without_spaces_behind(std::string_view text) {
  return text.substr(0, text.find_last_not_of(' ') + 1);  // npos + 1 is 0
}

std::string_view without_spaces(std::string_view text) {
  text = without_spaces_behind(text);
  return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

/// `text` with the space that stands in front of an answer.
std::string before_answer(std::string_view text) {
  std::string before(without_spaces_behind(text));
  return before.empty() ? before : before + ' ';
}

/// A text of a conversation, taken apart at "{answer}".
struct Asked {
  ChatMessage message{.role = ChatRole::user};
  std::string answer_begun;

  explicit Asked(std::string_view text) {
    const auto answer = text.find(kAnswer);
    message.content = text.substr(0, answer);
    if (answer == std::string_view::npos) return;
    answer_begun = text.substr(answer + kAnswer.size());
    if (message.content.find(kPlace) == std::string::npos ||
        answer_begun.find(kAnswer) != std::string::npos) {
      throw OptionError(
          fmt::format("template {} must hold {} once, behind {}", quote(text), kAnswer, kPlace));
    }
  }

  /// The conversation in which it is asked, behind shots of which "{sentence}" and "{answer}" hold
  /// the places.
  std::string conversation(const ChatTemplate& chat, std::size_t n_shots = 0) const {
    const ChatMessage answered{.role = ChatRole::assistant,
                               .content = before_answer(answer_begun).append(kAnswer)};
    std::vector<ChatMessage> messages;
    for (std::size_t i = 0; i < n_shots; ++i) messages.insert(messages.end(), {message, answered});
    messages.push_back(message);
    return chat.render(messages) + answer_begun;
  }
};

/// Takes what stands in front of `mark` from `text`, and the mark, too.
std::string_view take_until(std::string_view& text, std::string_view mark) {
  const auto place = text.find(mark);
  const auto taken = text.substr(0, place);
  text.remove_prefix(place + mark.size());
  return taken;
}

TextPlace after(bool space) {
  return space ? TextPlace::after_space : TextPlace::continuation;
}

}  // namespace

SentenceTemplate::SentenceTemplate(std::string text, std::span<const Shot> shots)
    : text_(std::move(text)), place_(text_.find(kPlace)) {
  if (place_ == std::string::npos || text_.find(kPlace, place_ + 1) != std::string::npos) {
    throw OptionError(fmt::format("template {} must hold {} exactly once", quote(text_), kPlace));
  }
  const auto before = text_.substr(0, place_);
  const auto behind = before_answer(text_.substr(place_ + kPlace.size()));
  for (const auto& shot : shots) {
    add(Part::Kind::text, before);
    add(Part::Kind::sentence, shot.sentence);
    add(Part::Kind::text, behind.empty() ? " " : behind);
    add(Part::Kind::answer, shot.answer);
    add(Part::Kind::text, "\n\n");
  }
  add(Part::Kind::text, before);
}

SentenceTemplate::SentenceTemplate(std::string_view text, const ChatTemplate& chat,
                                   std::span<const Shot> shots)
    : SentenceTemplate(Asked(text).conversation(chat)) {
  const Asked asked(text);
  is_chat_ = true;
  begins_answer_ = without_spaces(asked.answer_begun).empty();
  before_.clear();
  const auto whole = asked.conversation(chat, shots.size());
  std::string_view rest = whole;
  for (const auto& shot : shots) {
    add(Part::Kind::text, take_until(rest, kPlace));
    add(Part::Kind::sentence, shot.sentence);
    add(Part::Kind::text, take_until(rest, kAnswer));
    add(Part::Kind::answer, shot.answer);
  }
  add(Part::Kind::text, take_until(rest, kPlace));
}

void SentenceTemplate::add(Part::Kind kind, std::string_view text) {
  if (!before_.empty() && before_.back().kind == kind) {
    before_.back().text += text;
  } else {
    before_.push_back({kind, std::string(text)});
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

TokenIds SentenceTemplate::encode_behind(const Tokenizer& tokenizer) const {
  const auto text = std::string_view(text_).substr(place_ + kPlace.size());
  return with_bos(tokenizer, encode_around(tokenizer, text, TextPlace::start));
}

std::vector<TokenIds> SentenceTemplate::encode_parts(const Tokenizer& tokenizer) const {
  std::vector<TokenIds> parts;
  bool is_start = true;  // whether no token stands in front of a part
  bool is_after_space = false;
  for (const auto& [kind, text] : before_) {
    const auto place = [&](bool space) { return is_start ? TextPlace::start : after(space); };
    switch (kind) {
      case Part::Kind::text:
        parts.push_back(encode_around(tokenizer, text, place(text.starts_with(' '))));
        break;
      case Part::Kind::sentence:
        parts.push_back(tokenizer.encode(text, place(is_after_space)));
        break;
      case Part::Kind::answer:
        parts.push_back(tokenizer.encode(text, place_behind()));
        break;
    }
    is_start = is_start && parts.back().empty();
    is_after_space = text.ends_with(' ');
  }
  return parts;
}

TokenIds SentenceTemplate::encode_before(const Tokenizer& tokenizer, std::int64_t n_behind,
                                         std::int64_t max_sentence_tokens,
                                         std::int64_t max_tokens) const {
  auto parts = encode_parts(tokenizer);
  std::int64_t others = 1 + n_behind;  // 1 for BOS
  std::int64_t n_shots = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (before_[i].kind == Part::Kind::sentence) {
      ++n_shots;
    } else {
      others += std::ssize(parts[i]);
    }
  }
  const auto share = std::min(max_sentence_tokens, (max_tokens - others) / (n_shots + 1));
  if (share < 1) {
    const auto behind = n_shots > 0 ? fmt::format(" behind {} shots", n_shots) : "";
    throw OptionError(fmt::format("no room for a sentence{}: the template has {} tokens, {} fit",
                                  behind, others, max_tokens));
  }
  TokenIds before;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto& ids = parts[i];
    if (before_[i].kind == Part::Kind::sentence) {
      ids.resize(std::min(ids.size(), static_cast<std::size_t>(share)));
    }
    before.insert(before.end(), ids.begin(), ids.end());
  }
  return before;
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
  const auto behind = ids_behind(tokenizer);
  const auto before = encode_before(tokenizer, std::ssize(behind), max_sentence_tokens, max_tokens);
  const auto place = before.empty() ? TextPlace::start : after(before_.back().text.ends_with(' '));
  const std::int64_t others = 1 + std::ssize(before) + std::ssize(behind);  // 1 for BOS
  const auto room = std::min(max_sentence_tokens, max_tokens - others);

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
