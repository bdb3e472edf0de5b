// A tokenizer's file of any kind. What passes the checks must be safe for libsentencepiece too.

#include "minillama/text/tokenizer.h"

#include "target.h"

void minillama::fuzz::read(std::string_view input) {
  const MemoryFile memory(input);
  const Tokenizer tokenizer = Tokenizer::load(memory.path());
  tokenizer.decode(tokenizer.encode("A film ,  the caf\u00e9 \U0001F600\t's."));
}
