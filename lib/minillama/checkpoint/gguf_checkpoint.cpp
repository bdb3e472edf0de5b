#include "minillama/checkpoint/gguf_checkpoint.h"

#include <algorithm>
#include <deque>

#include <fmt/format.h>

#include "minillama/checkpoint/gguf_config.h"
#include "minillama/checkpoint/gguf_rotary.h"
#include "minillama/checkpoint/rotary_rows.h"
#include "minillama/checkpoint/spelling.h"
#include "minillama/core/error.h"
#include "minillama/io/gguf.h"
#include "minillama/text/tokenizer_model.h"
#include "minillama/weights/weight_format.h"

namespace minillama {
namespace {

/// What the records of an opened file point into.
struct Memory {
  explicit Memory(const std::filesystem::path& path) : file(path) {}

  GgufFile file;
  std::deque<std::vector<std::byte>> reordered;
};

/// The numbers of a record of any type, in `format`.
std::vector<std::byte> in_format(const TensorRecord& record, const WeightFormat& format) {
  const auto count = static_cast<std::size_t>(element_count(record));
  std::vector<float> numbers(count);
  to_floats(record, numbers.data());
  std::vector<std::byte> stored(storage_size(format.dtype, element_count(record)));
  format.from_floats(count, numbers.data(), stored.data());
  return stored;
}

}  // namespace

StoredModel open_gguf_checkpoint(const std::filesystem::path& path) {
  const auto memory = std::make_shared<Memory>(path);
  const GgufFile& file = memory->file;
  const GgufArchitecture& architecture = gguf_architecture(file);
  StoredModel stored{.format = "GGUF",
                     .path = path,
                     .config = read_gguf_config(file, architecture),
                     .file = memory};
  stored.config.tied_embeddings = true;
  for (TensorRecord tensor : file.tensors()) {
    if (tensor.name == kGgufDivisors) continue;  // of the config
    const auto name = from_spelling(kGguf, tensor.name);
    if (!name) {
      throw FileError(path, fmt::format("tensor {} is none of a Llama", quote(tensor.name)));
    }
    tensor.name = *name;
    if (tensor.name == "output.weight") stored.config.tied_embeddings = false;
    const auto heads = rotary_heads(tensor.name, stored.config);
    if (heads > 0 && architecture.rows != RotaryRows::pairs) {
      tensor =
          reorder_rows(tensor, heads, RotaryRows::pairs, memory->reordered.emplace_back(), path);
    }
    stored.tensors.push_back(std::move(tensor));
  }
  return stored;
}

void write_gguf_checkpoint(const std::filesystem::path& path, const StoredModel& model,
                           const Tokenizer& tokenizer, const WeightFormat& format) {
  if (model.config.norm != NormKind::rmsnorm) {
    throw OptionError("a GGUF Llama has RMSNorm; this model has LayerNorm");
  }
  if (model.config.attention != AttentionKind::causal) {
    throw OptionError("a GGUF Llama is causal; this model's attention is full");
  }
  const GgufArchitecture& architecture = gguf_architecture_for(model.config);
  auto entries = gguf_metadata(model.config, architecture, format.file_type);
  auto vocabulary = tokenizer.model().gguf_entries(tokenizer.special_tokens());
  std::move(vocabulary.begin(), vocabulary.end(), std::back_inserter(entries));
  if (const auto& jinja = tokenizer.chat_template(); !jinja.empty()) {
    entries.emplace_back("tokenizer.chat_template", jinja);
  }

  std::deque<std::vector<std::byte>> memory;
  std::vector<TensorRecord> tensors;
  for (TensorRecord tensor : model.tensors) {
    const auto heads = rotary_heads(tensor.name, model.config);
    if (heads > 0 && architecture.rows != RotaryRows::pairs) {
      tensor = reorder_rows(tensor, heads, architecture.rows, memory.emplace_back(), path);
    }
    // llama.cpp wants norms and biases as float32.
    const bool is_vector = tensor.shape.size() == 1;
    const auto* wanted = is_vector ? &weight_format(DType::float32)
                                   : fitting(format, static_cast<std::size_t>(tensor.shape.back()));
    if (wanted != nullptr && tensor.dtype != wanted->dtype) {
      tensor.data = memory.emplace_back(in_format(tensor, *wanted));
      tensor.dtype = wanted->dtype;
    }
    tensor.name = to_spelling(kGguf, tensor.name).value();
    tensors.push_back(std::move(tensor));
  }
  const auto divisors = gguf_divisors(model.config);
  if (!divisors.empty()) {
    const std::vector shape{std::ssize(divisors)};
    tensors.push_back({.name = std::string(kGgufDivisors),
                       .dtype = DType::float32,
                       .shape = shape,
                       .strides = contiguous_strides(shape),
                       .data = std::as_bytes(std::span(divisors))});
  }
  write_gguf(path, entries, tensors);
}

}  // namespace minillama
