#include "minillama/model/gguf_adapter.h"

#include <deque>
#include <limits>
#include <map>
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

Parameters by_linear(const NamedTensors& adapter) {
  Parameters parameters;
  for (const auto& [name, parameter] : adapter) {
    const auto dot = name.rfind('.');
    parameters[name.substr(0, dot)].emplace(
        name.substr(dot + 1), parameter.detach().to(torch::kCPU, torch::kFloat).contiguous());
  }
  return parameters;
}

/// By the linear. Throws OptionError if the adapter is none of low rank.
std::map<std::string, LowRank> low_rank_terms(const AdapterOptions& options,
                                              const Parameters& parameters) {
  std::map<std::string, LowRank> terms;
  for (const auto& [linear, tensors] : parameters) {
    const auto term = options.low_rank(linear, [&](std::string_view name) {
      return tensors.find(name)->second.data_ptr<float>();
    });
    if (!term) {
      throw OptionError(fmt::format("llama.cpp has no adapters of the kind {}, only of low rank",
                                    quote(options.kind())));
    }
    terms.emplace(linear, *term);
  }
  return terms;
}

/// llama.cpp's alpha, of which it makes the scale alpha / rank.
float alpha_of(const LowRank& term) {
  return term.scale * static_cast<float>(term.rank);
}

/// The first that is not 0, by which llama.cpp means a scale of 1.
float common_alpha(const std::map<std::string, LowRank>& terms) {
  for (const auto& [unused, term] : terms) {
    if (alpha_of(term) != 0) return alpha_of(term);
  }
  return 1;
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
  const auto [options, stored] = stored_adapter(llama, active);
  require_storable(stored, std::numeric_limits<double>::infinity());
  const auto parameters = by_linear(stored);
  const auto weights = llama->named_parameters();

  const auto terms = low_rank_terms(options, parameters);
  const float alpha = common_alpha(terms);
  std::vector<TensorRecord> records;
  std::deque<std::vector<std::byte>> reordered;
  std::deque<std::vector<float>> scaled;
  for (const auto& [linear, term] : terms) {
    const auto weight = fmt::format("{}.weight", linear);
    const auto name = to_spelling(kGguf, weight).value();
    const auto& [a, b, rank, unused] = term;
    const auto rows = static_cast<std::size_t>(weights[weight].size(0));
    const auto cols = static_cast<std::size_t>(weights[weight].size(1));
    records.push_back(record_of(name + ".lora_a", a, rank, cols));
    auto& own_b = scaled.emplace_back(b, b + rows * rank);
    if (alpha_of(term) != alpha) {
      for (auto& value : own_b) value *= alpha_of(term) / alpha;
    }
    auto record = record_of(name + ".lora_b", own_b.data(), rows, rank);
    const auto heads = rotary_heads(weight, config);
    if (heads > 0 && architecture.rows != RotaryRows::pairs) {
      record = reorder_rows(record, heads, architecture.rows, reordered.emplace_back(), path);
    }
    records.push_back(std::move(record));
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
