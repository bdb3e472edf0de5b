#include "minillama/checkpoint/stored_model.h"

#include <utility>

#include <fmt/format.h>

#include "minillama/checkpoint/directory.h"
#include "minillama/checkpoint/llama2c_checkpoint.h"
#include "minillama/checkpoint/tensors.h"
#include "minillama/checkpoint/torch_checkpoint.h"
#include "minillama/core/error.h"
#include "minillama/io/file_kind.h"
#include "minillama/io/mapped_file.h"
#include "minillama/model/lora.h"

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

StoredModel to_stored(Llama& llama, const NamedTensors& parameters, torch::ScalarType type) {
  StoredModel stored{.config = llama->config()};
  const bool merged = is_merged(llama);
  if (!merged) {
    stored.adapters = adapters_of(llama);
    stored.active_adapter = active_adapter(llama);
  }
  auto memory = std::make_shared<std::vector<torch::Tensor>>();
  for (const auto& [name, parameter] : parameters) {
    if (merged && is_adapter_parameter(name)) continue;
    memory->push_back(parameter.detach().to(torch::kCPU, type).contiguous());
    stored.tensors.push_back(to_record(name, memory->back()));
  }
  stored.file = std::move(memory);
  return stored;
}

void add_stored_adapters(Llama& llama, const StoredModel& stored,
                         const torch::Generator& generator) {
  for (const auto& [name, options] : stored.adapters) {
    try {
      add_adapter(llama, name, options, generator);
    } catch (const OptionError& error) {
      throw FileError(stored.path, fmt::format("adapter {}: {}", quote(name), error.what()));
    }
  }
  activate_adapter(llama, stored.active_adapter);
}

}  // namespace minillama
