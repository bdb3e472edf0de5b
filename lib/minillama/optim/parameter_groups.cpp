#include "minillama/optim/parameter_groups.h"

#include <charconv>
#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/require.h"

namespace minillama {
namespace {

enum class Kind { decayed, lora_b, not_decayed };

/// 0 for embeddings, of tokens and of positions, i + 1 for layer i, `top` for all else.
std::int64_t depth_of(std::string_view name, std::int64_t top) {
  if (name.find("_embeddings") != std::string_view::npos) return 0;
  constexpr std::string_view kLayers = "layers.";
  const auto layers = name.find(kLayers);
  if (layers == std::string_view::npos) return top;
  std::int64_t layer = 0;
  std::from_chars(name.data() + layers + kLayers.size(), name.data() + name.size(), layer);
  return layer + 1;
}

std::int64_t n_layers_of(const torch::nn::Module& module) {
  std::int64_t n = 0;
  for (const auto& item : module.named_parameters()) n = std::max(n, depth_of(item.key(), 0));
  return n;
}

}  // namespace

std::vector<AdamWGroup> parameter_groups(const torch::nn::Module& module,
                                         const AdamWOptions& options,
                                         const LearningRateRatios& ratios) {
  const auto [lora_plus, layer_decay] = ratios;
  require(lora_plus > 0 && std::isfinite(lora_plus), "lora-plus-ratio", lora_plus, "be positive");
  require(layer_decay > 0 && layer_decay <= 1, "layer-decay", layer_decay, "lie in (0, 1]");
  const auto top = n_layers_of(module) + 1;
  std::map<std::pair<std::int64_t, Kind>, AdamWGroup> groups;
  std::unordered_set<const void*> seen;
  bool has_b = false;
  for (const auto& item : module.named_parameters()) {
    const auto& parameter = item.value();
    if (!parameter.requires_grad() || !seen.insert(parameter.unsafeGetTensorImpl()).second)
      continue;
    const bool is_b = item.key().ends_with(".lora_B");
    has_b = has_b || is_b;
    const auto kind = is_b && lora_plus != 1 ? Kind::lora_b
                      : parameter.dim() >= 2 ? Kind::decayed
                                             : Kind::not_decayed;
    const auto depth = layer_decay == 1 ? top : depth_of(item.key(), top);
    auto& group = groups.try_emplace({depth, kind}, AdamWGroup{{}, options}).first->second;
    group.parameters.push_back(parameter);
  }
  if (lora_plus != 1 && !has_b) {
    throw OptionError(
        fmt::format("lora-plus-ratio is {}, and no low-rank adapter is trained", lora_plus));
  }

  std::vector<AdamWGroup> all;
  for (auto& [key, group] : groups) {
    const auto [depth, kind] = key;
    group.options.lr *= std::pow(layer_decay, static_cast<double>(top - depth));
    if (kind == Kind::lora_b) group.options.lr *= lora_plus;
    if (kind == Kind::not_decayed) group.options.weight_decay = 0;
    all.push_back(std::move(group));
  }
  return all;
}

}  // namespace minillama
