#include "minillama/nn/fused_attention.h"

#include <cmath>

#include "minillama/core/torch_compat.h"
#include "minillama/kernels/softmax.h"
#include "minillama/nn/fused.h"

namespace minillama {
namespace {

/// The rows of scores [B, Hkv, G * T, S], and what each may look at.
struct ScoreRows {
  std::int64_t count;    // B * Hkv * G * T
  std::int64_t n_heads;  // Hkv * G
  std::int64_t n_queries;
  std::int64_t size;
  const std::int64_t* visible;  // [B, T] or null

  std::size_t visible_to(std::int64_t row) const {
    if (visible == nullptr) return static_cast<std::size_t>(size);
    const auto batch = row / (n_heads * n_queries);
    return static_cast<std::size_t>(visible[batch * n_queries + row % n_queries]);
  }
};

ScoreRows rows_of(const torch::Tensor& scores, std::int64_t n_queries,
                  const torch::Tensor& visible) {
  return {.count = scores.numel() / scores.size(-1),
          .n_heads = scores.size(1) * scores.size(2) / n_queries,
          .n_queries = n_queries,
          .size = scores.size(-1),
          .visible = visible.defined() ? visible.data_ptr<std::int64_t>() : nullptr};
}

struct FusedAttention : torch::autograd::Function<FusedAttention> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& q,
                               const torch::Tensor& k, const torch::Tensor& v,
                               const OptionalTensor& given_visible) {
    const auto visible = from_optional(given_visible);
    const std::int64_t B = q.size(0), H = q.size(1), T = q.size(2), Dh = q.size(3);
    const std::int64_t Hkv = k.size(1), G = H / Hkv;
    const auto grouped = q.reshape({B, Hkv, G * T, Dh});
    const auto weights = grouped.matmul(k.transpose(-2, -1)).contiguous();  // scores still
    const auto rows = rows_of(weights, T, visible);
    const auto scale = 1.0F / std::sqrt(static_cast<float>(Dh));
    with_element_type(weights, [&]<typename E>(E) {
      parallel_over(rows.count, rows.size, [&](std::int64_t begin, std::int64_t end) {
        for (auto row = begin; row < end; ++row) {
          kernels::softmax_forward(kernels::best_isa(), static_cast<std::size_t>(rows.size),
                                   rows.visible_to(row), scale,
                                   elements<E>(weights) + row * rows.size);
        }
      });
    });
    context->save_for_backward({grouped, k, v, weights, visible});
    context->saved_data["queries"] = T;
    return weights.matmul(v).view({B, H, T, Dh});
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    const auto saved = context->get_saved_variables();
    const auto& [q, k, v, weights, visible] =
        std::tie(saved[0], saved[1], saved[2], saved[3], saved[4]);
    const auto n_queries = context->saved_data["queries"].toInt();
    const auto grad = grads[0].reshape(q.sizes());
    const auto grad_scores = grad.matmul(v.transpose(-2, -1)).contiguous();  // weights' still
    const auto rows = rows_of(weights, n_queries, visible);
    const auto scale = 1.0F / std::sqrt(static_cast<float>(q.size(-1)));
    with_element_type(weights, [&]<typename E>(E) {
      parallel_over(rows.count, rows.size, [&](std::int64_t begin, std::int64_t end) {
        for (auto row = begin; row < end; ++row) {
          kernels::softmax_backward(
              kernels::best_isa(), static_cast<std::size_t>(rows.size), rows.visible_to(row), scale,
              elements<E>(weights) + row * rows.size, elements<E>(grad_scores) + row * rows.size);
        }
      });
    });
    const auto grad_q = grad_scores.matmul(k);
    const auto grad_k = grad_scores.transpose(-2, -1).matmul(q);
    const auto grad_v = weights.transpose(-2, -1).matmul(grad);
    const auto B = q.size(0);
    return {grad_q.view({B, -1, n_queries, q.size(-1)}), grad_k, grad_v, torch::Tensor()};
  }
};

}  // namespace

torch::Tensor fused_attention(const torch::Tensor& q, const torch::Tensor& k,
                              const torch::Tensor& v, const torch::Tensor& visible) {
  return FusedAttention::apply(q, k, v, to_optional(visible));
}

}  // namespace minillama
