#include "minillama/ops/linear_cross_entropy.h"

#include <numeric>

#include <torch/autograd.h>

#include "minillama/core/check.h"
#include "minillama/kernels/softmax.h"
#include "minillama/ops/fused.h"
#include "minillama/ops/norm.h"
#include "minillama/ops/precision.h"
#include "minillama/ops/product.h"

namespace minillama {
namespace {

/// Tokens in a block: enough that adding up the gradient of W costs little beside its product, few
/// enough that their logits take little memory.
constexpr std::int64_t kBlock = 1024;

/// The sum of -log softmax(logits)[target]. If `differentiate`, the logits [N, V] become their
/// gradient, softmax - onehot.
double fused_cross_entropy(const torch::Tensor& logits, const torch::Tensor& targets,
                           bool differentiate) {
  const auto n_rows = logits.size(0);
  const auto width = logits.size(1);
  const auto* target = targets.data_ptr<std::int64_t>();
  std::vector<double> losses(static_cast<std::size_t>(n_rows));
  with_element_type(logits, [&]<typename T>(T) {
    parallel_over(n_rows, width, [&](std::int64_t begin, std::int64_t end) {
      for (auto row = begin; row < end; ++row) {
        losses[static_cast<std::size_t>(row)] =
            kernels::cross_entropy(kernels::best_isa(), static_cast<std::size_t>(width),
                                   static_cast<std::size_t>(target[row]), differentiate,
                                   elements<T>(logits) + row * width);
      }
    });
  });
  return std::accumulate(losses.begin(), losses.end(), 0.0);
}

/// The same with LibTorch's operations.
double plain_cross_entropy(const torch::Tensor& logits, const torch::Tensor& targets,
                           bool differentiate) {
  const auto log_probabilities = to_statistics_type(logits).log_softmax(-1);
  const auto index = targets.unsqueeze(1);
  const auto loss = -log_probabilities.gather(1, index).sum().item<double>();
  if (differentiate) {
    auto grad = log_probabilities.exp();
    grad.scatter_add_(1, index, torch::full_like(index, -1, grad.options()));
    logits.copy_(grad);
  }
  return loss;
}

struct LinearCrossEntropy : torch::autograd::Function<LinearCrossEntropy> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context,
                               const torch::Tensor& hidden, const torch::Tensor& weight,
                               const torch::Tensor& targets, bool differentiate) {
    const bool mixed = precision_on(hidden.device()) == Precision::bfloat16;
    const auto type = mixed ? torch::kBFloat16 : hidden.scalar_type();
    const auto h = hidden.to(type);
    const auto w = weight.to(type);
    double loss = 0;
    torch::Tensor grad_hidden;
    torch::Tensor grad_weight;
    if (differentiate) {
      grad_hidden = torch::empty_like(hidden);
      grad_weight = torch::zeros_like(weight);
    }
    for (std::int64_t begin = 0; begin < h.size(0); begin += kBlock) {
      const auto size = std::min(kBlock, h.size(0) - begin);
      const auto rows = h.narrow(0, begin, size);
      const auto block_targets = targets.narrow(0, begin, size);
      const auto logits = product(rows, w.t());
      loss += suits_kernels(logits) ? fused_cross_entropy(logits, block_targets, differentiate)
                                    : plain_cross_entropy(logits, block_targets, differentiate);
      if (!differentiate) continue;
      const auto& grad = logits;
      grad_hidden.narrow(0, begin, size).copy_(product(grad, w));
      grad_weight += product(grad.t(), rows);
    }
    context->save_for_backward({grad_hidden, grad_weight});
    return torch::full({}, loss, to_statistics_type(hidden.new_empty({})).options());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    refuse_second_derivative("linear_cross_entropy");
    const auto saved = context->get_saved_variables();
    return {saved[0] * grads[0].to(saved[0].scalar_type()),
            saved[1] * grads[0].to(saved[1].scalar_type()), torch::Tensor(), torch::Tensor()};
  }
};

}  // namespace

torch::Tensor linear_cross_entropy(const torch::Tensor& hidden, const torch::Tensor& weight,
                                   const torch::Tensor& targets) {
  require_shape(hidden, "hidden", {kAny, kAny});
  require_shape(weight, "weight", {kAny, hidden.size(1)});
  require_shape(targets, "targets", {hidden.size(0)});
  require_device(weight, "weight", hidden.device());
  require_device(targets, "targets", hidden.device());
  require_ids(targets, "targets", 0, weight.size(0));
  if (!hidden.is_floating_point() || !weight.is_floating_point()) {
    throw OptionError(fmt::format("hidden is {}, weight is {}: must be real numbers",
                                  describe(hidden), describe(weight)));
  }
  const bool differentiate =
      torch::GradMode::is_enabled() && (hidden.requires_grad() || weight.requires_grad());
  return LinearCrossEntropy::apply(hidden, weight, targets.contiguous(), differentiate);
}

}  // namespace minillama
