#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "minillama/text/tokenizer.h"

namespace minillama {

/// Turns ids into text one at a time. Every part it returns consists of whole UTF-8 characters (the
/// bytes of an unfinished one are held back), and the parts together are Tokenizer::decode() of all
/// ids.
class StreamDecoder {
 public:
  /// `prompt`: ids that come first and whose text is not returned. The space in front of the first
  /// word is dropped at the start of a text, so a continuation is decoded with its prompt.
  /// `tokenizer` must outlive the decoder. Throws OptionError on an id outside the vocabulary.
  explicit StreamDecoder(const Tokenizer& tokenizer, std::span<const std::int64_t> prompt = {});

  /// The text that is complete once `id` has come; often empty. Throws OptionError on an id outside
  /// the vocabulary.
  std::string push(std::int64_t id);

  /// What was held back, as U+FFFD for each byte that forms no character. Call at the end.
  std::string flush();

 private:
  std::string word(std::string_view piece);

  const SentencePieceModel& model_;
  std::string bytes_;     // of an unfinished character
  bool at_start_ = true;  // the next piece loses the space in front of it
};

}  // namespace minillama
