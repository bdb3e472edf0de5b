#include "minillama/checkpoint/llama2c_checkpoint.h"

#include "minillama/io/llama2c_bin.h"

namespace minillama {

StoredModel open_llama2c_checkpoint(const std::filesystem::path& path) {
  const auto file = std::make_shared<Llama2cFile>(path);
  return {.format = "llama2.c",
          .path = path,
          .config = file->config(),
          .tensors = file->tensors(),
          .file = file};
}

}  // namespace minillama
