#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/text/chat_template.h"
#include "minillama/text/token_ids.h"
#include "minillama/text/tokenizer.h"

namespace minillama {

/// The text that a sentence stands in when it comes before a model, such as
/// "{sentence} Is this movie bad or good? This movie is".
class SentenceTemplate {
 public:
  /// @param text with "{sentence}" in it exactly once; alone it is the sentence itself
  /// Throws OptionError.
  explicit SentenceTemplate(std::string text = "{sentence}");

  /// In a conversation: what stands before "{answer}" in `text` is the user's message, what stands
  /// behind it begins the assistant's answer; without "{answer}" all of it is the message. Throws
  /// OptionError unless "{sentence}" is there once, and "{answer}" at most once and behind it.
  SentenceTemplate(std::string_view text, const ChatTemplate& chat);

  const std::string& text() const { return text_; }
  /// Where a text stands that goes on behind the filled template: behind a word, unless it begins a
  /// conversation's answer.
  TextPlace place_behind() const {
    return begins_answer_ ? TextPlace::continuation : TextPlace::after_space;
  }
  std::string fill(std::string_view sentence) const;

  /// The tokens that stand behind a sentence.
  TokenIds ids_behind(const Tokenizer& tokenizer) const;

  struct Encoded {
    std::vector<TokenIds> ids;  ///< of each sentence, BOS first; in a conversation its template's
    /// Of each sentence: 1 if tokens are missing at its end, 0 if not.
    std::vector<std::uint8_t> is_shortened;
  };

  /// The tokens of the filled templates. A sentence gives way, never the text around it: at most
  /// `max_sentence_tokens` of its own are kept, and no more than fit into `max_tokens` in all. What
  /// stands before and behind it is encoded apart; several spaces next to the sentence count as
  /// one, those at the ends of the template as none. Throws OptionError if a sentence is not UTF-8
  /// or there is no room for a token of one.
  Encoded encode(const Tokenizer& tokenizer, std::span<const std::string> sentences,
                 std::int64_t max_sentence_tokens, std::int64_t max_tokens) const;

 private:
  TokenIds encode_around(const Tokenizer& tokenizer, std::string_view text, TextPlace place) const;

  std::string text_;
  std::size_t place_;     // of "{sentence}"
  bool is_chat_ = false;  // then the texts of special tokens around it are these tokens
  bool begins_answer_ = false;
};

}  // namespace minillama
