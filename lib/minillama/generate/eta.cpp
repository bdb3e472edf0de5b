#include "minillama/generate/eta.h"

#include <algorithm>
#include <cmath>

#include "minillama/core/require.h"
#include "minillama/generate/distribution.h"

namespace minillama {

void keep_eta(std::span<float> probabilities, double epsilon) {
  require(epsilon >= 0 && epsilon <= 1, "eta", epsilon, "lie in [0, 1]");
  const double spread = std::sqrt(epsilon) * std::exp(-entropy(probabilities));
  drop_below(probabilities, std::min(epsilon, spread));
}

}  // namespace minillama
