#include "minillama/checkpoint/stored_model.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "minillama/checkpoint/directory.h"
#include "minillama/checkpoint/gguf_checkpoint.h"
#include "minillama/checkpoint/hugging_face.h"
#include "minillama/checkpoint/llama2c_checkpoint.h"
#include "minillama/checkpoint/torch_checkpoint.h"
#include "minillama/core/error.h"
#include "minillama/io/file_kind.h"
#include "minillama/io/gguf.h"
#include "minillama/io/llama2c_bin.h"
#include "minillama/io/mapped_file.h"
#include "minillama/io/safetensors.h"
#include "minillama/io/torch_save.h"

namespace minillama {
namespace {

/// Of all formats only torch.save's and safetensors may lack a config.
void refuse_config(const std::filesystem::path& config, const std::filesystem::path& path) {
  if (config.empty()) return;
  throw OptionError(fmt::format("config {} has no effect: {} says itself what its model is",
                                quote(config.native(), 400), quote(path.native(), 400)));
}

/// One file of tensors, which a config beside it describes.
StoredModel open_safetensors(const std::filesystem::path& path,
                             const std::filesystem::path& config) {
  const auto file = std::make_shared<SafetensorsFile>(path);
  if (has_hugging_face_names(file->tensors())) return open_hugging_face_file(path, config);
  for (const auto& record : file->tensors()) refuse_quantized_tensor(record.name, path);
  return {.format = "safetensors",
          .path = path,
          .config = read_config_file(config),
          .tensors = file->tensors(),
          .file = file};
}

StoredModel open_any(const std::filesystem::path& path, const std::filesystem::path& config) {
  if (std::filesystem::is_directory(path)) {
    refuse_config(config, path);
    return open_directory(path);
  }
  bool is_torch_save = false;
  bool is_gguf = false;
  bool is_safetensors = false;
  {
    const MappedFile file(path);
    refuse_failed_download(file.bytes(), path);
    is_torch_save = TorchSaveFile::is_torch_save(file.bytes());
    is_gguf = GgufFile::is_gguf(file.bytes());
    is_safetensors = SafetensorsFile::is_safetensors(file.bytes());
  }
  if (is_torch_save) return open_torch_checkpoint(path, config);
  if (is_safetensors && !is_gguf && !config.empty()) return open_safetensors(path, config);
  refuse_config(config, path);
  if (is_gguf) return open_gguf_checkpoint(path);
  if (Llama2cFile::is_llama2c(MappedFile(path).bytes())) return open_llama2c_checkpoint(path);
  refuse_other_kind(MappedFile(path).bytes(), path);
}

double elements_in(const StoredModel& stored) {
  double elements = 0;
  for (const auto& tensor : stored.tensors) elements += static_cast<double>(element_count(tensor));
  return elements;
}

/// A model takes its memory before it is compared with the tensors in detail: what config and
/// adapters promise must not be far more than the file holds.
void check_size(const StoredModel& stored) {
  const auto& config = stored.config;
  const auto as_double = [](std::int64_t n) { return static_cast<double>(n); };
  const double dim = as_double(config.dim);
  const double layer = dim * (2 * as_double(config.query_dim()) + 2 * as_double(config.kv_dim()) +
                              3 * as_double(config.hidden_dim));
  double promised = dim * as_double(config.vocab_size) + as_double(config.n_layers) * layer;
  for (const auto& [unused, options] : stored.adapters) {
    // Beside the smallest linear that can be meant: each has `dim` rows or columns.
    auto linears = options.exceptions();
    linears.insert(linears.end(), options.targets().begin(), options.targets().end());
    double most = 0;
    for (const auto& linear : linears) {
      double elements = 0;
      for (const auto& tensor : options.tensors(linear)) {
        double size = 1;
        for (const auto length : tensor.shape_beside(0, config.dim)) size *= as_double(length);
        elements += size;
      }
      most = std::max(most, elements);
    }
    promised += most;
  }
  constexpr double kSlack = 1 << 20;
  if (const double held = elements_in(stored); promised > 2 * held + kSlack) {
    throw FileError(stored.path,
                    fmt::format("its config describes a model of {:.3g} parameters, its "
                                "tensors hold {:.3g}",
                                promised, held));
  }
}

}  // namespace

StoredModel open_stored_model(const std::filesystem::path& path,
                              const std::filesystem::path& config) {
  StoredModel stored = open_any(path, config);
  check_size(stored);
  return stored;
}

}  // namespace minillama
