#include "minillama/io/llama2c_bin.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/position_schemes.h"
#include "minillama/io/atomic_file.h"
#include "minillama/io/byte_reader.h"
#include "minillama/io/file_kind.h"

namespace minillama {
namespace {

constexpr std::uint32_t kLaterVersionMagic = 0x616B3432;  // "ak42", of versions 1 and 2

/// One stretch of the file: `count` matrices of `shape`, one for each layer or one in all.
struct Block {
  std::string_view name;  ///< as in "layers.0.<name>.weight"; without a name: to be skipped
  std::int64_t count;
  bool per_layer;
  std::vector<std::int64_t> shape;
};

/// The blocks of the file in their order.
std::vector<Block> layout(const ModelConfig& c) {
  const std::int64_t kv_dim = c.kv_dim();
  const std::int64_t layers = c.n_layers;
  std::vector<Block> blocks = {
      {"tok_embeddings", 1, false, {c.vocab_size, c.dim}},
      {"attention_norm", layers, true, {c.dim}},
      {"attention.compute_query", layers, true, {c.dim, c.dim}},
      {"attention.compute_key", layers, true, {kv_dim, c.dim}},
      {"attention.compute_value", layers, true, {kv_dim, c.dim}},
      {"attention.compute_output", layers, true, {c.dim, c.dim}},
      {"ffn_norm", layers, true, {c.dim}},
      {"feed_forward.w1", layers, true, {c.hidden_dim, c.dim}},
      {"feed_forward.w2", layers, true, {c.dim, c.hidden_dim}},
      {"feed_forward.w3", layers, true, {c.hidden_dim, c.dim}},
      {"norm", 1, false, {c.dim}},
      {"", 2, false, {c.max_seq_len, c.head_dim / 2}},  // cosines and sines of the rotations
  };
  if (!c.tied_embeddings) blocks.push_back({"output", 1, false, {c.vocab_size, c.dim}});
  return blocks;
}

std::string tensor_name(const Block& block, std::int64_t layer) {
  return block.per_layer ? fmt::format("layers.{}.{}.weight", layer, block.name)
                         : fmt::format("{}.weight", block.name);
}

/// In double, which no header makes overflow and which is exact for any size a file can have.
double file_size(const ModelConfig& config) {
  double elements = 7;
  for (const Block& block : layout(config)) {
    double size = static_cast<double>(block.count);
    for (const std::int64_t n : block.shape) size *= static_cast<double>(n);
    elements += size;
  }
  return 4 * elements;
}

ModelConfig read_header(const MappedFile& file) {
  refuse_failed_download(file.bytes(), file.path());
  ByteReader reader(file.bytes(), file.path());
  if (file.bytes().size() >= 4 && reader.read<std::uint32_t>() == kLaterVersionMagic) {
    throw FileError(file.path(),
                    "is of a later version of llama2.c's format; only version 0 is read");
  }
  reader.seek(0);
  const auto number = [&](std::string_view name) -> std::int64_t {
    const auto value = reader.read<std::int32_t>();
    if (value < 0 ? name != "vocab_size" : value == 0) {
      throw FileError(file.path(),
                      fmt::format("is no llama2.c checkpoint: {} would be {}", name, value));
    }
    return value;
  };
  ModelConfig config;
  config.dim = number("dim");
  config.hidden_dim = number("hidden_dim");
  config.n_layers = number("n_layers");
  config.n_heads = number("n_heads");
  config.n_kv_heads = number("n_kv_heads");
  config.vocab_size = number("vocab_size");
  config.max_seq_len = number("max_seq_len");
  config.tied_embeddings = config.vocab_size > 0;
  if (!config.tied_embeddings) config.vocab_size = -config.vocab_size;
  config.norm = NormKind::rmsnorm;
  try {
    config = config.resolved();
  } catch (const OptionError& error) {
    throw FileError(file.path(), fmt::format("is no llama2.c checkpoint: {}", error.what()));
  }
  if (const double size = file_size(config); size != static_cast<double>(file.bytes().size())) {
    throw FileError(file.path(), fmt::format("is {} bytes long; as a llama2.c checkpoint with this "
                                             "header it would be {:.0f}",
                                             file.bytes().size(), size));
  }
  return config;
}

void require(bool holds, std::string_view problem) {
  if (!holds)
    throw OptionError(fmt::format("llama2.c's format cannot hold this model: {}", problem));
}

/// Cosines of m theta^(-2i / Dh) for all positions m and pairs i, then the sines.
std::vector<float> rotation_tables(const ModelConfig& config) {
  const auto frequencies = rotary_frequencies(config).per_position;
  const std::size_t pairs = frequencies.size();
  const std::size_t size = static_cast<std::size_t>(config.max_seq_len) * pairs;
  std::vector<float> tables(2 * size);
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t position = i / pairs, pair = i % pairs;
    const double angle = static_cast<double>(position) * frequencies[pair];
    tables[i] = static_cast<float>(std::cos(angle));
    tables[size + i] = static_cast<float>(std::sin(angle));
  }
  return tables;
}

}  // namespace

bool Llama2cFile::is_llama2c(Bytes bytes) {
  constexpr std::size_t kNumbers = 7;
  std::array<std::int32_t, kNumbers> header{};
  if (bytes.size() < sizeof(header)) return false;
  std::memcpy(header.data(), bytes.data(), sizeof(header));
  if (static_cast<std::uint32_t>(header[0]) == kLaterVersionMagic) return true;
  const auto [dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, max_seq_len] = header;
  constexpr std::int32_t kMost = 1 << 20;
  const auto fits = [](std::int32_t n, std::int32_t most) { return n >= 1 && n <= most; };
  return fits(dim, kMost) && fits(hidden_dim, 16 * kMost) && fits(n_layers, 4096) &&
         fits(n_heads, dim) && fits(n_kv_heads, n_heads) && dim % n_heads == 0 && vocab_size != 0 &&
         vocab_size != INT32_MIN && std::abs(vocab_size) <= 4 * kMost &&
         fits(max_seq_len, 16 * kMost);
}

Llama2cFile::Llama2cFile(std::filesystem::path path)
    : file_(std::move(path)), config_(read_header(file_)) {}

std::vector<TensorRecord> Llama2cFile::tensors() const {
  std::vector<TensorRecord> records;
  ByteReader reader(file_.bytes(), file_.path());
  reader.seek(7 * sizeof(std::int32_t));
  for (const Block& block : layout(config_)) {
    for (std::int64_t i = 0; i < block.count; ++i) {
      TensorRecord record{.dtype = DType::float32,
                          .shape = block.shape,
                          .strides = contiguous_strides(block.shape)};
      record.data = reader.take(static_cast<std::uint64_t>(element_count(record)) * sizeof(float));
      record.is_mapped = true;
      if (block.name.empty()) continue;
      record.name = tensor_name(block, i);
      records.push_back(std::move(record));
    }
  }
  return records;
}

void write_llama2c(const std::filesystem::path& path, const ModelConfig& config,
                   std::span<const TensorRecord> tensors) {
  require(config.norm == NormKind::rmsnorm, "it has LayerNorm, and the format RMSNorm only");
  require(config.attention == AttentionKind::causal, "its attention is not causal");
  require(config.norm_eps == 1e-5, fmt::format("norm_eps is {}, not 1e-5", config.norm_eps));
  require(config.rope_theta == 1e4, fmt::format("rope_theta is {}, not 10000", config.rope_theta));
  require(config.query_dim() == config.dim,
          fmt::format("head_dim is {}, not dim / n_heads", config.head_dim));
  require(config.rope_scaling.kind == "default",
          fmt::format("rope_scaling is of the kind {}", config.rope_scaling.kind));
  require(other_than_rope(config).empty(), fmt::format("it has {}", other_than_rope(config)));
  require(!config.qkv_bias && !config.output_bias, "it has biases (qkv_bias, output_bias)");
  require(!config.qk_norm, "its queries and keys are normalised (qk_norm)");
  std::map<std::string_view, const TensorRecord*> by_name;
  for (const TensorRecord& tensor : tensors) by_name.emplace(tensor.name, &tensor);

  AtomicFile file(path);
  for (const std::int64_t number :
       {config.dim, config.hidden_dim, config.n_layers, config.n_heads, config.n_kv_heads,
        config.tied_embeddings ? config.vocab_size : -config.vocab_size, config.max_seq_len}) {
    const auto stored = static_cast<std::int32_t>(number);
    file.write(std::as_bytes(std::span(&stored, 1)));
  }
  for (const Block& block : layout(config)) {
    if (block.name.empty()) {
      const auto tables = rotation_tables(config);
      file.write(std::as_bytes(std::span(tables)));
      continue;
    }
    for (std::int64_t i = 0; i < block.count; ++i) {
      const auto found = by_name.find(tensor_name(block, i));
      if (found == by_name.end() || found->second->shape != block.shape ||
          found->second->dtype != DType::float32 || !is_contiguous(*found->second)) {
        throw FileError(path, fmt::format("tensor {} is missing, or no dense float32 of its shape",
                                          tensor_name(block, i)));
      }
      check_tensor(*found->second, path);
      file.write(found->second->data.first(static_cast<std::size_t>(element_count(*found->second)) *
                                           sizeof(float)));
    }
  }
  file.commit();
}

}  // namespace minillama
