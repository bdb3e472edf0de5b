#include "minillama/io/safetensors.h"

#include "target.h"

void minillama::fuzz::read(std::string_view input) {
  const MemoryFile memory(input);
  const SafetensorsFile file(memory.path());
  for (const TensorRecord& record : file.tensors()) use(record);
}
