#pragma once

#include "minillama/core/model_config.h"
#include "minillama/text/tokenizer.h"

#include "support/files.h"

namespace minillama::test {

/// The model of most tests: grouped heads, nothing round, trained in a moment.
inline ModelConfig small_config() {
  return {.dim = 16,
          .n_layers = 2,
          .n_heads = 4,
          .n_kv_heads = 2,
          .hidden_dim = 24,
          .vocab_size = 37,
          .max_seq_len = 20};
}

/// The tokenizer of most tests: byte pairs of a few sentences.
inline Tokenizer small_tokenizer() {
  return Tokenizer::load(repository_file("tests/reference/bpe.model"));
}

}  // namespace minillama::test
