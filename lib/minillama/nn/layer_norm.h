#pragma once

#include "minillama/nn/norm.h"

namespace minillama {

/// layer_norm() (ops/norm.h) with its parameters, as a module. Throws as NormImpl does.
class LayerNorm : public Norm {
 public:
  LayerNorm(std::int64_t dim, double eps) : Norm(NormKind::layernorm, dim, eps) {}
};

}  // namespace minillama
