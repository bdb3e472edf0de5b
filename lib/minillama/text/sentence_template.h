#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/text/chat_template.h"
#include "minillama/text/shots.h"
#include "minillama/text/token_ids.h"
#include "minillama/text/tokenizer.h"

namespace minillama {

/// The text that a sentence stands in when it comes before a model, such as
/// "{sentence} Is this movie bad or good? This movie is". Behind examples that were answered in the
/// same way, if there are any: shots.
class SentenceTemplate {
 public:
  /// @param text  with "{sentence}" in it exactly once; alone it is the sentence itself
  /// @param shots stand in front of it, each in the same text, with its answer and a blank line
  ///              behind
  /// Throws OptionError.
  explicit SentenceTemplate(std::string text = "{sentence}", std::span<const Shot> shots = {});

  /// In a conversation: what stands before "{answer}" in `text` is the user's message, what stands
  /// behind it begins the assistant's answer; without "{answer}" all of it is the message. A shot
  /// is such a message and the assistant's whole answer, a turn of each. Throws OptionError unless
  /// "{sentence}" is there once, and "{answer}" at most once and behind it.
  SentenceTemplate(std::string_view text, const ChatTemplate& chat,
                   std::span<const Shot> shots = {});

  const std::string& text() const { return text_; }
  /// Where a text stands that goes on behind the filled template: behind a word, unless it begins a
  /// conversation's answer.
  TextPlace place_behind() const {
    return begins_answer_ ? TextPlace::continuation : TextPlace::after_space;
  }
  /// The text with a sentence in it, without the shots.
  std::string fill(std::string_view sentence) const;

  /// The tokens that stand behind a sentence.
  TokenIds ids_behind(const Tokenizer& tokenizer) const;

  /// Those of the same as a text of its own, BOS first.
  TokenIds encode_behind(const Tokenizer& tokenizer) const;

  struct Encoded {
    std::vector<TokenIds> ids;  ///< of each sentence, BOS first; in a conversation its template's
    /// Of each sentence: 1 if tokens are missing at its end, 0 if not.
    std::vector<std::uint8_t> is_shortened;
  };

  /// The tokens of the filled templates. A sentence gives way, never the text around it: at most
  /// `max_sentence_tokens` of its own are kept, and no more than fit into `max_tokens` in all. So
  /// do those of shots, of which each has an equal share of the room, the sentence what they leave:
  /// they are the same tokens in front of every sentence. What stands before and behind a sentence
  /// is encoded apart; several spaces next to the sentence count as one, those at the ends of the
  /// template as none. Throws OptionError if a sentence is not UTF-8 or there is no room for a
  /// token of one.
  Encoded encode(const Tokenizer& tokenizer, std::span<const std::string> sentences,
                 std::int64_t max_sentence_tokens, std::int64_t max_tokens) const;

 private:
  /// A part of what stands before the sentence: text first and last, sentence and answer between.
  struct Part {
    enum class Kind { text, sentence, answer };
    Kind kind;
    std::string text;
  };

  void add(Part::Kind kind, std::string_view text);
  std::vector<TokenIds> encode_parts(const Tokenizer& tokenizer) const;  // of before_
  TokenIds encode_before(const Tokenizer& tokenizer, std::int64_t n_behind,
                         std::int64_t max_sentence_tokens, std::int64_t max_tokens) const;
  TokenIds encode_around(const Tokenizer& tokenizer, std::string_view text, TextPlace place) const;

  std::string text_;
  std::size_t place_;  // of "{sentence}"
  std::vector<Part> before_;
  bool is_chat_ = false;  // then the texts of special tokens around it are these tokens
  bool begins_answer_ = false;
};

}  // namespace minillama
