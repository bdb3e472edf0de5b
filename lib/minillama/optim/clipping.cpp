#include "minillama/optim/clipping.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <ATen/Parallel.h>

#include "minillama/kernels/sum_of_squares.h"

namespace minillama {
namespace {

template <typename T>
double sum_of_squares(const torch::Tensor& x) {
  // Blocks of a fixed size, so that the order of summation is always the same.
  constexpr std::int64_t kBlock = std::int64_t{1} << 16;
  const std::int64_t size = x.numel();
  const T* data = x.data_ptr<T>();
  std::vector<double> sums((size + kBlock - 1) / kBlock);
  at::parallel_for(0, std::ssize(sums), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t block = begin; block < end; ++block) {
      const std::int64_t first = block * kBlock;
      sums[block] = kernels::sum_of_squares(kernels::best_isa(), std::min(kBlock, size - first),
                                            data + first);
    }
  });
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

double sum_of_squares(const torch::Tensor& x) {
  if (x.is_cpu() && x.is_contiguous()) {
    if (x.scalar_type() == torch::kFloat) return sum_of_squares<float>(x);
    if (x.scalar_type() == torch::kDouble) return sum_of_squares<double>(x);
  }
  return x.to(torch::kDouble).square().sum().item<double>();
}

}  // namespace

double grad_norm(const std::vector<torch::Tensor>& parameters) {
  double sum = 0;
  for (const torch::Tensor& parameter : parameters) {
    const torch::Tensor& grad = parameter.grad();
    if (grad.defined()) sum += sum_of_squares(grad.detach());
  }
  return std::sqrt(sum);
}

double clip_coefficient(double norm, double max_norm) {
  const double coefficient = max_norm / (norm + 1e-6);
  return coefficient > 1 ? 1 : coefficient;
}

}  // namespace minillama
