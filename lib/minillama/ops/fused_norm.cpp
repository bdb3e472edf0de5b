#include "minillama/ops/fused_norm.h"

#include <torch/autograd.h>

#include "minillama/core/torch_compat.h"
#include "minillama/kernels/norm.h"
#include "minillama/ops/fused.h"
#include "minillama/ops/precision.h"

namespace minillama {
namespace {

/// Rows whose gradients of weight and bias are summed at once. A fixed number, so that the sums do
/// not depend on the number of threads.
constexpr std::int64_t kBlockRows = 128;

/// Rows [begin, end) of a matrix of `dim` columns.
struct Rows {
  std::int64_t begin;
  std::int64_t end;

  kernels::NormShape shape(std::int64_t dim, double eps, bool centered) const {
    return {static_cast<std::size_t>(end - begin), static_cast<std::size_t>(dim), eps, centered};
  }
};

const float* optional_elements(const torch::Tensor& x) {
  return x.defined() ? elements<float>(x) : nullptr;
}

struct FusedNorm : torch::autograd::Function<FusedNorm> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context,
                               const torch::Tensor& input, const torch::Tensor& weight,
                               const OptionalTensor& given_bias, double eps, bool centered,
                               torch::ScalarType type) {
    const auto bias = from_optional(given_bias);
    const auto x = input.contiguous();
    const auto dim = x.size(-1);
    const auto n_rows = x.numel() / dim;
    const auto y = torch::empty(x.sizes(), x.options().dtype(type));
    const auto mean = torch::empty({centered ? n_rows : 0}, x.options());
    const auto inverse = torch::empty({n_rows}, x.options());
    with_element_type(y, [&]<typename T>(T) {
      parallel_over(n_rows, dim, [&](std::int64_t begin, std::int64_t end) {
        const Rows rows{begin, end};
        kernels::norm_forward(
            kernels::best_isa(), rows.shape(dim, eps, centered), elements<float>(x) + begin * dim,
            elements<float>(weight), optional_elements(bias), elements<T>(y) + begin * dim,
            elements<float>(mean) + (centered ? begin : 0), elements<float>(inverse) + begin);
      });
    });
    context->save_for_backward({x, weight, mean, inverse});
    context->saved_data["eps"] = eps;
    context->saved_data["centered"] = centered;
    context->saved_data["has_bias"] = bias.defined();
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    refuse_second_derivative("norm");
    const auto saved = context->get_saved_variables();
    const auto& [x, weight, mean, inverse] = std::tie(saved[0], saved[1], saved[2], saved[3]);
    const double eps = context->saved_data["eps"].toDouble();
    const bool centered = context->saved_data["centered"].toBool();
    const bool has_bias = context->saved_data["has_bias"].toBool();
    const auto grad_y = grads[0].contiguous();
    const auto dim = x.size(-1);
    const auto n_rows = x.numel() / dim;
    const auto n_blocks = (n_rows + kBlockRows - 1) / kBlockRows;
    const auto grad_x = torch::empty_like(x);
    const auto grad_weight = torch::zeros({n_blocks, dim}, weight.options());
    const auto grad_bias = torch::zeros({has_bias ? n_blocks : 0, dim}, weight.options());
    with_element_type(grad_y, [&]<typename T>(T) {
      parallel_over(n_blocks, kBlockRows * dim, [&](std::int64_t begin, std::int64_t end) {
        for (auto block = begin; block < end; ++block) {
          const Rows rows{block * kBlockRows, std::min(n_rows, (block + 1) * kBlockRows)};
          const auto start = rows.begin * dim;
          kernels::norm_backward(
              kernels::best_isa(), rows.shape(dim, eps, centered), elements<float>(x) + start,
              elements<float>(weight), elements<float>(mean) + (centered ? rows.begin : 0),
              elements<float>(inverse) + rows.begin, elements<T>(grad_y) + start,
              elements<float>(grad_x) + start, elements<float>(grad_weight) + block * dim,
              has_bias ? elements<float>(grad_bias) + block * dim : nullptr);
        }
      });
    });
    return {grad_x,          grad_weight.sum(0), has_bias ? grad_bias.sum(0) : torch::Tensor(),
            torch::Tensor(), torch::Tensor(),    torch::Tensor()};
  }
};

}  // namespace

bool norm_is_fused(const torch::Tensor& x, const torch::Tensor& weight) {
  return x.is_cpu() && x.scalar_type() == torch::kFloat && weight.scalar_type() == torch::kFloat;
}

torch::ScalarType norm_output_type(const torch::Tensor& x) {
  return precision_on(x.device()) == Precision::bfloat16 ? torch::kBFloat16 : x.scalar_type();
}

torch::Tensor fused_norm(const torch::Tensor& x, const torch::Tensor& weight,
                         const torch::Tensor& bias, double eps, bool centered,
                         torch::ScalarType type) {
  return FusedNorm::apply(x, weight, to_optional(bias), eps, centered, type);
}

}  // namespace minillama
