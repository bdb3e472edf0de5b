#include "minillama/core/random_order.h"

#include <numeric>
#include <utility>

namespace minillama {

std::vector<std::size_t> random_order(std::size_t size, std::mt19937_64& random) {
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = size; i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  return order;
}

}  // namespace minillama
