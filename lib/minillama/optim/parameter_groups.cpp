#include "minillama/optim/parameter_groups.h"

#include <cmath>
#include <unordered_set>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {

std::vector<AdamWGroup> parameter_groups(const torch::nn::Module& module,
                                         const AdamWOptions& options, double lora_plus_ratio) {
  if (!(lora_plus_ratio > 0 && std::isfinite(lora_plus_ratio))) {
    throw OptionError(fmt::format("lora-plus-ratio is {}, must be positive", lora_plus_ratio));
  }
  const bool is_lora_plus = lora_plus_ratio != 1;
  AdamWGroup decay{{}, options};
  AdamWGroup faster{{}, options};
  AdamWGroup no_decay{{}, options};
  faster.options.lr *= lora_plus_ratio;
  no_decay.options.weight_decay = 0;

  std::unordered_set<const void*> seen;
  for (const auto& item : module.named_parameters()) {
    const auto& parameter = item.value();
    if (!parameter.requires_grad() || !seen.insert(parameter.unsafeGetTensorImpl()).second)
      continue;
    const bool is_b = is_lora_plus && item.key().ends_with(".lora_B");
    auto& group = is_b ? faster : parameter.dim() >= 2 ? decay : no_decay;
    group.parameters.push_back(parameter);
  }
  if (is_lora_plus && faster.parameters.empty()) {
    throw OptionError(
        fmt::format("lora-plus-ratio is {}, and no low-rank adapter is trained", lora_plus_ratio));
  }

  std::vector<AdamWGroup> groups;
  for (AdamWGroup& group : {std::ref(decay), std::ref(faster), std::ref(no_decay)}) {
    if (!group.parameters.empty()) groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace minillama
