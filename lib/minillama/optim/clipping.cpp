#include "minillama/optim/clipping.h"

#include <cmath>
#include <numeric>

#include "minillama/core/check.h"
#include "minillama/core/thread_pool.h"
#include "minillama/kernels/sum_of_squares.h"
#include "minillama/optim/blocks.h"

namespace minillama {
namespace {

bool suits_kernel(const torch::Tensor& x) {
  return x.is_cpu() && x.is_contiguous() &&
         (x.scalar_type() == torch::kFloat || x.scalar_type() == torch::kDouble);
}

template <typename T>
double sum_of_squares(const torch::Tensor& x, const Block& block) {
  return kernels::sum_of_squares(kernels::best_isa(), block.end - block.begin,
                                 x.data_ptr<T>() + block.begin);
}

}  // namespace

double grad_norm(const std::vector<torch::Tensor>& parameters) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> fused;
  double sum = 0;
  for (const torch::Tensor& parameter : parameters) {
    if (!parameter.defined()) throw OptionError("grad_norm: a parameter is undefined");
    const torch::Tensor& grad = parameter.grad();
    if (!grad.defined()) continue;
    if (suits_kernel(grad)) {
      fused.push_back(grad);
    } else {
      sum += grad.to(torch::kDouble).square().sum().item<double>();
    }
  }

  const std::vector<Block> blocks = split_into_blocks(fused);
  std::vector<double> sums(blocks.size());
  parallel_for(std::ssize(blocks), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const torch::Tensor& x = fused[blocks[i].tensor];
      sums[i] = x.scalar_type() == torch::kFloat ? sum_of_squares<float>(x, blocks[i])
                                                 : sum_of_squares<double>(x, blocks[i]);
    }
  });
  return std::sqrt(std::accumulate(sums.begin(), sums.end(), sum));
}

double clip_coefficient(double norm, double max_norm) {
  require(!(norm < 0), "norm", norm, "not be negative");
  require(max_norm >= 0, "max_norm", max_norm, "not be negative");
  const double coefficient = max_norm / (norm + 1e-6);
  return coefficient > 1 ? 1 : coefficient;
}

}  // namespace minillama
