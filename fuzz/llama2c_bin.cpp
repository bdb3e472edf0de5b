#include "minillama/io/llama2c_bin.h"

#include "target.h"

void minillama::fuzz::read(std::string_view input) {
  const MemoryFile memory(input);
  const Llama2cFile file(memory.path());
  for (const TensorRecord& record : file.tensors()) use(record);
}
