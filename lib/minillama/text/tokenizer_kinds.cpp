// The table of tokenizer kinds, in a file of its own so that a test can link another one.

#include <array>

#include "minillama/text/bpe_tokenizer.h"
#include "minillama/text/sentencepiece_tokenizer.h"
#include "minillama/text/tokenizer_kind.h"

namespace minillama {
namespace {

constexpr std::array kKinds = {
    TokenizerKind{.name = "byte-pair",
                  .file = "tokenizer.json",
                  .formats = "a tokenizer.json",
                  .gguf_model = "gpt2",
                  .recognises = is_tokenizer_json,
                  .read = read_bpe_tokenizer,
                  .read_gguf = read_gguf_bpe_tokenizer,
                  .train = train_bpe_tokenizer},
    TokenizerKind{.name = "sentencepiece",
                  .file = "tokenizer.model",
                  .formats = "a sentencepiece model nor a tokenizer.bin of llama2.c",
                  .gguf_model = "llama",
                  .recognises = is_sentencepiece_tokenizer,
                  .read = read_sentencepiece_tokenizer,
                  .read_gguf = read_gguf_sentencepiece,
                  .train = train_sentencepiece_tokenizer}};

}  // namespace

std::span<const TokenizerKind> tokenizer_kinds() {
  return kKinds;
}

}  // namespace minillama
