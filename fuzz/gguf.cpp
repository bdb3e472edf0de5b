#include "minillama/io/gguf.h"

#include "minillama/io/gguf_tokenizer.h"

#include "target.h"

void minillama::fuzz::read(std::string_view input) {
  const MemoryFile memory(input);
  const GgufFile file(memory.path());
  for (const TensorRecord& tensor : file.tensors()) {
    std::string elements(as_text(tensor.data));
    if (elements.size() != tensor.data.size()) std::abort();
  }
  for (const auto* key : {"general.architecture", "llama.block_count"}) {
    if (!file.has(key)) continue;
    try {
      file.text(key);
    } catch (const FileError&) {
      file.integer(key);
    }
  }
  read_gguf_tokenizer(file);
}
