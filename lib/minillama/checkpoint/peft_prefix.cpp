#include "minillama/checkpoint/peft_prefix.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/checkpoint/peft_names.h"
#include "minillama/core/error.h"

namespace minillama {
namespace {

std::string part_name(std::int64_t layer, std::string_view projection) {
  return fmt::format("model.layers.{}.self_attn.{}.prefix", layer, projection);
}

constexpr std::array<std::string_view, 2> kProjections{"k_proj", "v_proj"};

}  // namespace

std::vector<TensorRecord> split_peft_prefix(const TensorRecord& record, const Json& config,
                                            const std::filesystem::path& path) {
  const auto type = config.find("peft_type");
  if (record.name != kPeftPrompt || type == config.end() || *type != "PREFIX_TUNING") {
    return {record};
  }
  const auto layers = JsonObject(config, path.parent_path() / kPeftConfig).integer("num_layers");
  const bool is_matrix = record.shape.size() == 2;
  if (!is_matrix || layers < 1 || layers > record.shape[1] || record.shape[1] % (2 * layers) != 0) {
    throw FileError(path, fmt::format("tensor {} is [{}], which cannot be divided among the keys "
                                      "and values of {} layers",
                                      quote(record.name), fmt::join(record.shape, ", "), layers));
  }
  const auto width = record.shape[1] / (2 * layers);
  const auto step = static_cast<std::size_t>(width * record.strides[1]) * byte_size(record.dtype);
  std::vector<TensorRecord> parts;
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    for (const auto projection : kProjections) {
      TensorRecord part = record;
      part.name = part_name(layer, projection);
      part.shape = {width, record.shape[0]};
      part.strides = {record.strides[1], record.strides[0]};
      part.data = record.data.empty() ? record.data : record.data.subspan(parts.size() * step);
      parts.push_back(std::move(part));
    }
  }
  return parts;
}

TensorRecord join_peft_prefix(const std::vector<TensorRecord>& parts, const ModelConfig& config,
                              std::vector<std::byte>& memory) {
  const auto n_parts = static_cast<std::size_t>(2 * config.n_layers);
  if (parts.size() != n_parts) {
    throw OptionError("PEFT's prefix is of all layers: this adapter's is of some");
  }
  const auto size = byte_size(parts.front().dtype);
  const auto width = static_cast<std::size_t>(config.kv_dim());
  const auto n = static_cast<std::size_t>(parts.front().shape[1]);
  memory.resize(n_parts * width * n * size);
  std::size_t next = 0;
  for (std::int64_t layer = 0; layer < config.n_layers; ++layer) {
    for (const auto projection : kProjections) {
      const auto name = fmt::format("{}{}", kPeftPrefix, part_name(layer, projection));
      const auto part = std::ranges::find(parts, name, &TensorRecord::name);
      if (part == parts.end()) throw OptionError(fmt::format("the prefix has no {}", quote(name)));
      for (std::size_t i = 0; i < width; ++i, ++next) {
        for (std::size_t token = 0; token < n; ++token) {
          std::memcpy(memory.data() + (token * n_parts * width + next) * size,
                      part->data.data() + (i * n + token) * size, size);
        }
      }
    }
  }
  const std::vector shape{static_cast<std::int64_t>(n), static_cast<std::int64_t>(n_parts * width)};
  return {.name = kPeftPrompt,
          .dtype = parts.front().dtype,
          .shape = shape,
          .strides = contiguous_strides(shape),
          .data = memory};
}

Json peft_prefix_sizes(const ModelConfig& config) {
  return {{"num_layers", config.n_layers},
          {"num_attention_heads", config.n_kv_heads},
          {"token_dim", config.kv_dim()}};
}

}  // namespace minillama
