#include "minillama/checkpoint/meta_checkpoint.h"

#include <algorithm>

#include <fmt/format.h>

#include "minillama/checkpoint/torch_checkpoint.h"
#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/io/known_fields.h"
#include "minillama/io/mapped_file.h"
#include "minillama/io/torch_save.h"

namespace minillama {
namespace {

constexpr const char* kParams = "params.json";
constexpr const char* kWeights = "consolidated.00.pth";

/// The ModelArgs of Meta's code, of Llama 1 to 3.
const KnownFields kFields = {
    .used = {"dim", "n_layers", "n_heads", "n_kv_heads", "norm_eps", "rope_theta", "vocab_size",
             "max_seq_len", "multiple_of", "ffn_dim_multiplier"},
    .harmless = {"max_batch_size"},
    .neutral = {{"use_scaled_rope", "false"}}};

/// The rows of a matrix that says what params.json does not.
std::int64_t rows_of(const StoredModel& stored, std::string_view name) {
  const auto found = std::ranges::find(stored.tensors, name, &TensorRecord::name);
  if (found == stored.tensors.end() || found->shape.size() != 2) {
    throw FileError(stored.path, fmt::format("tensor {} is missing or no matrix", quote(name)));
  }
  return found->shape[0];
}

ModelConfig read_params(const Json& json, const std::filesystem::path& path,
                        const StoredModel& stored) {
  check_fields(json, kFields, path);
  const JsonObject fields(json, path);
  const auto integer_or = [&](std::string_view key, std::int64_t otherwise) {
    return fields.has(key) ? fields.integer(key) : otherwise;
  };
  const auto number_or = [&](std::string_view key, double otherwise) {
    return fields.has(key) ? fields.number(key) : otherwise;
  };
  const auto vocab_size = rows_of(stored, "tok_embeddings.weight");
  // Llama 2's says -1: as many as the tokenizer has.
  const auto said = integer_or("vocab_size", vocab_size);
  if (said != vocab_size && said != -1) {
    throw FileError(path, fmt::format("field \"vocab_size\" is {}, but {} has {} embeddings", said,
                                      kWeights, vocab_size));
  }
  try {
    return ModelConfig{.dim = fields.integer("dim"),
                       .n_layers = fields.integer("n_layers"),
                       .n_heads = fields.integer("n_heads"),
                       .n_kv_heads = integer_or("n_kv_heads", 0),
                       .hidden_dim = rows_of(stored, "layers.0.feed_forward.w1.weight"),
                       .vocab_size = vocab_size,
                       .max_seq_len = integer_or("max_seq_len", 2048),
                       .norm_eps = number_or("norm_eps", 1e-5),
                       .rope_theta = number_or("rope_theta", 1e4),
                       .norm = NormKind::rmsnorm}
        .resolved();
  } catch (const OptionError& error) {
    throw FileError(path, error.what());
  }
}

}  // namespace

bool is_meta_checkpoint(const std::filesystem::path& directory) {
  return std::filesystem::exists(directory / kParams) &&
         std::filesystem::exists(directory / kWeights);
}

StoredModel open_meta_checkpoint(const std::filesystem::path& directory) {
  if (std::filesystem::exists(directory / "consolidated.01.pth")) {
    throw FileError(directory,
                    "holds a model in several files (consolidated.01.pth, …), which is not "
                    "supported: convert it to Hugging Face's layout");
  }
  const auto file = std::make_shared<TorchSaveFile>(directory / kWeights);
  StoredModel stored{
      .format = "Meta's directory", .path = file->path(), .tensors = file->tensors(), .file = file};
  std::erase_if(stored.tensors,
                [](const TensorRecord& tensor) { return tensor.name == "rope.freqs"; });
  to_assignment_names(stored.tensors);
  const MappedFile params(directory / kParams);
  stored.config =
      read_params(parse_json(as_text(params.bytes()), params.path()), params.path(), stored);
  stored.config.tied_embeddings = drop_tied_output(stored.tensors);
  return stored;
}

}  // namespace minillama
