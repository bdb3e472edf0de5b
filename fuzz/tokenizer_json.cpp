// A tokenizer.json: its pattern, steps and vocabulary are used, and it is written and read again.

#include "minillama/io/tokenizer_json.h"

#include "minillama/text/tokenizer.h"

#include "target.h"

void minillama::fuzz::read(std::string_view input) {
  const BpeRecord record = read_tokenizer_json(as_bytes(input), "input");
  const auto written = tokenizer_json(record);
  if (tokenizer_json(read_tokenizer_json(as_bytes(written), "written")) != written) std::abort();
  const MemoryFile memory(input);
  const Tokenizer tokenizer = Tokenizer::load(memory.path());
  const std::string_view text = "A film ,  the caf\u00e9 \U0001F600\t's. 123 <s>\r\n  <|end|> x";
  tokenizer.decode(tokenizer.encode(text));
  tokenizer.encode(text, TextPlace::after_space);
  tokenizer.encode(text, TextPlace::continuation);
}
