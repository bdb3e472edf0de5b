#pragma once

#include "minillama/text/tokenizer.h"

namespace minillama::test {

/// A tokenizer of another kind than the library's: a text's ids are its bytes, 256 is BOS, 257 EOS.
/// A program that links byte_tokenizer.cpp has it in its table of kinds, as the second one: in
/// directories "tokenizer.bytes", in GGUF files "bytes".
Tokenizer byte_tokenizer();

}  // namespace minillama::test
