#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "minillama/text/tokenizer.h"

namespace minillama {

class TokenDecoder;

/// Turns ids into text one at a time. Every part it returns consists of whole UTF-8 characters (the
/// bytes of an unfinished one are held back), and the parts together are Tokenizer::decode() of all
/// ids.
class StreamDecoder {
 public:
  /// `prompt`: ids that come first and whose text is not returned. What a token stands for may
  /// depend on those before it (sentencepiece drops the space in front of a text's first word), so
  /// a continuation is decoded with its prompt. `tokenizer` must outlive the decoder. Throws
  /// OptionError on an id outside the vocabulary.
  explicit StreamDecoder(const Tokenizer& tokenizer, std::span<const std::int64_t> prompt = {});
  StreamDecoder(StreamDecoder&& other) noexcept;
  StreamDecoder& operator=(StreamDecoder&& other) noexcept;
  ~StreamDecoder();

  /// The text that is complete once `id` has come; often empty. Throws OptionError on an id outside
  /// the vocabulary, or if this was moved from.
  std::string push(std::int64_t id);

  /// What was held back, as U+FFFD for each byte that forms no character. Call at the end.
  std::string flush();

 private:
  std::unique_ptr<TokenDecoder> decoder_;
  std::string bytes_;  // of an unfinished character
};

}  // namespace minillama
