#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "minillama/text/batch.h"
#include "minillama/text/tokenizer.h"

namespace minillama {

/// The text that a sentence stands in when it comes before a model, such as
/// "{sentence} Is this movie bad or good? This movie is".
class SentenceTemplate {
 public:
  /// @param text with "{sentence}" in it exactly once; alone it is the sentence itself
  /// Throws OptionError.
  explicit SentenceTemplate(std::string text = "{sentence}");

  const std::string& text() const { return text_; }
  std::string fill(std::string_view sentence) const;

  struct Encoded {
    TokenIds ids;    ///< BOS first
    bool shortened;  ///< tokens at the end of the sentence were left out
  };

  /// The tokens of the filled template. The sentence gives way, never the text around it: at most
  /// `max_sentence_tokens` of its own are kept, and no more than fit into `max_tokens` in all. What
  /// stands before and behind it is encoded apart. Throws OptionError if the sentence is not UTF-8
  /// or there is no room for a token of it.
  Encoded encode(const Tokenizer& tokenizer, std::string_view sentence,
                 std::int64_t max_sentence_tokens, std::int64_t max_tokens) const;

 private:
  std::string text_;
  std::size_t place_;  // of "{sentence}"
};

}  // namespace minillama
