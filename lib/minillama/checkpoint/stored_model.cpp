#include "minillama/checkpoint/stored_model.h"

#include "minillama/checkpoint/directory.h"
#include "minillama/checkpoint/llama2c_checkpoint.h"
#include "minillama/checkpoint/torch_checkpoint.h"
#include "minillama/core/error.h"
#include "minillama/io/file_kind.h"
#include "minillama/io/mapped_file.h"

namespace minillama {

StoredModel open_stored_model(const std::filesystem::path& path,
                              const std::filesystem::path& config) {
  if (std::filesystem::is_directory(path)) return open_directory(path);
  std::string_view start;
  {
    const MappedFile file(path);
    refuse_failed_download(file.bytes(), path);
    start = as_text(file.bytes()).substr(0, 2);
    if (start == "PK") return open_torch_checkpoint(path, config);
  }
  return open_llama2c_checkpoint(path);
}

}  // namespace minillama
