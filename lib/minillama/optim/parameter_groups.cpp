#include "minillama/optim/parameter_groups.h"

#include <unordered_set>

namespace minillama {

std::vector<AdamWGroup> parameter_groups(const torch::nn::Module& module,
                                         const AdamWOptions& options) {
  AdamWGroup decay{{}, options};
  AdamWGroup no_decay{{}, options};
  no_decay.options.weight_decay = 0;

  std::unordered_set<const void*> seen;
  for (const torch::Tensor& parameter : module.parameters()) {
    if (!parameter.requires_grad() || !seen.insert(parameter.unsafeGetTensorImpl()).second)
      continue;
    (parameter.dim() >= 2 ? decay : no_decay).parameters.push_back(parameter);
  }

  std::vector<AdamWGroup> groups;
  for (AdamWGroup& group : {std::ref(decay), std::ref(no_decay)}) {
    if (!group.parameters.empty()) groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace minillama
