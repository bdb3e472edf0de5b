#pragma once

#include "minillama/nn/norm.h"

namespace minillama {

/// rms_norm() (ops/norm.h) with its parameter, as a module. Throws as NormImpl does.
class RMSNorm : public Norm {
 public:
  RMSNorm(std::int64_t dim, double eps) : Norm(NormKind::rmsnorm, dim, eps) {}
};

}  // namespace minillama
