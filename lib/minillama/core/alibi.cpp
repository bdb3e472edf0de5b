#include "minillama/core/alibi.h"

#include <bit>
#include <cmath>

namespace minillama {

std::vector<double> alibi_slopes(std::int64_t n_heads) {
  const auto power = std::bit_floor(static_cast<std::uint64_t>(n_heads));
  const auto slope = [](std::int64_t h, std::uint64_t of) {
    return std::exp2(-8.0 * static_cast<double>(h) / static_cast<double>(of));
  };
  std::vector<double> slopes;
  slopes.reserve(static_cast<std::size_t>(n_heads));
  for (std::int64_t h = 1; h <= static_cast<std::int64_t>(power); ++h) {
    slopes.push_back(slope(h, power));
  }
  for (std::int64_t h = 1; std::ssize(slopes) < n_heads; h += 2) {
    slopes.push_back(slope(h, 2 * power));
  }
  return slopes;
}

}  // namespace minillama
