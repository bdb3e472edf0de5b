#include "minillama/model/gguf_adapter.h"

#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "minillama/checkpoint/gguf_config.h"
#include "minillama/checkpoint/rotary_rows.h"
#include "minillama/checkpoint/spelling.h"
#include "minillama/core/error.h"
#include "minillama/model/adapters.h"
#include "minillama/model/tensors.h"

namespace minillama {
namespace {

TensorRecord record_of(std::string name, const float* floats, std::size_t rows, std::size_t cols) {
  const std::vector shape{static_cast<std::int64_t>(rows), static_cast<std::int64_t>(cols)};
  return {.name = std::move(name),
          .dtype = DType::float32,
          .shape = shape,
          .strides = contiguous_strides(shape),
          .data = std::as_bytes(std::span(floats, rows * cols))};
}

/// The tensors of an adapter, by the linear that they lie beside and their name, on the processor.
using Parameters = std::map<std::string, std::map<std::string, torch::Tensor, std::less<>>>;

Parameters by_linear(Llama& llama, const std::string& adapter) {
  Parameters parameters;
  for (const auto& [name, parameter] : adapter_parameters(llama, adapter)) {
    const auto dot = name.rfind('.');
    parameters[name.substr(0, dot)].emplace(
        name.substr(dot + 1), parameter.detach().to(torch::kCPU, torch::kFloat).contiguous());
  }
  return parameters;
}

}  // namespace

void write_gguf_adapter(const std::filesystem::path& path, Llama& llama) {
  const auto active = active_adapter(llama);
  if (active.empty()) throw OptionError("the model has no active adapter to write");
  const auto& config = llama->config();
  if (config.norm != NormKind::rmsnorm) {
    throw OptionError("a GGUF Llama has RMSNorm; this model has LayerNorm");
  }
  const auto& architecture = gguf_architecture_for(config);
  require_storable(adapter_parameters(llama, active), std::numeric_limits<double>::infinity());
  const AdapterOptions options = adapters_of(llama).at(active);
  const auto parameters = by_linear(llama, active);
  const auto weights = llama->named_parameters();

  std::vector<TensorRecord> records;
  std::deque<std::vector<std::byte>> reordered;
  float alpha = 0;
  for (const auto& [linear, tensors] : parameters) {
    const auto low_rank = options.low_rank(
        [&](std::string_view name) { return tensors.find(name)->second.data_ptr<float>(); });
    if (!low_rank) {
      throw OptionError(fmt::format("llama.cpp has no adapters of the kind {}, only of low rank",
                                    quote(options.kind())));
    }
    alpha = low_rank->scale * static_cast<float>(low_rank->rank);
    const auto weight = fmt::format("{}.weight", linear);
    const auto name = to_spelling(kGguf, weight).value();
    const auto rows = static_cast<std::size_t>(weights[weight].size(0));
    const auto cols = static_cast<std::size_t>(weights[weight].size(1));
    records.push_back(record_of(name + ".lora_a", low_rank->a, low_rank->rank, cols));
    auto b = record_of(name + ".lora_b", low_rank->b, rows, low_rank->rank);
    const auto heads = rotary_heads(weight, config);
    if (heads > 0 && architecture.rows != RotaryRows::pairs) {
      b = reorder_rows(b, heads, architecture.rows, reordered.emplace_back(), path);
    }
    records.push_back(std::move(b));
  }
  const std::vector<std::pair<std::string, GgufValue>> metadata{
      {"general.architecture", std::string(architecture.name)},
      {"general.alignment", std::uint32_t{32}},
      {"general.type", std::string("adapter")},
      {"adapter.type", std::string("lora")},
      {"adapter.lora.alpha", alpha}};
  write_gguf(path, metadata, records);
}

}  // namespace minillama
