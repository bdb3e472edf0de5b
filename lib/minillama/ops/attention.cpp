#include "minillama/ops/attention.h"

#include <cmath>
#include <limits>

#include "minillama/core/check.h"
#include "minillama/ops/fused.h"
#include "minillama/ops/fused_attention.h"
#include "minillama/ops/norm.h"

namespace minillama {
namespace {

void check(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
           const torch::Tensor& visible, const std::vector<double>& slopes) {
  require_shape(q, "queries", {kAny, kAny, kAny, kAny});
  require_shape(k, "keys", {q.size(0), kAny, kAny, q.size(3)});
  require_shape(v, "values", {k.size(0), k.size(1), k.size(2), k.size(3)});
  require_device(k, "keys", q.device());
  require_device(v, "values", q.device());
  if (k.size(1) == 0 || q.size(1) % k.size(1) != 0) {
    throw OptionError(
        fmt::format("{} query heads cannot share {} key heads", q.size(1), k.size(1)));
  }
  if (!slopes.empty()) {
    require(std::ssize(slopes) == q.size(1), "the number of slopes", slopes.size(),
            fmt::format("be that of query heads, {}", q.size(1)));
  }
  if (!visible.defined()) return;
  require_shape(visible, "visible", {q.size(0), q.size(2)});
  require_device(visible, "visible", q.device());
  if (visible.is_cpu()) require_ids(visible, "visible", 1, k.size(2) + 1);
}

}  // namespace

torch::Tensor visible_positions(AttentionKind kind, const Sequences& sequences,
                                torch::Device device) {
  const std::int64_t B = sequences.size(), T = sequences.longest();
  if (kind == AttentionKind::causal) {
    // Padding stands behind the real tokens, where causal queries do not look.
    if (T == 1) return {};
    return torch::arange(1, T + 1, device).expand({B, T}).contiguous();
  }
  if (sequences.all_equal()) return {};
  const auto lengths = torch::tensor(sequences.lengths(), torch::kLong).to(device);
  return lengths.unsqueeze(1).expand({B, T}).contiguous();
}

torch::Tensor scaled_dot_product_attention(const torch::Tensor& q, const torch::Tensor& k,
                                           const torch::Tensor& v, const torch::Tensor& visible,
                                           const WeightsDropout& dropout,
                                           const std::vector<double>& slopes) {
  check(q, k, v, visible, slopes);
  const bool one_type = q.scalar_type() == k.scalar_type() && q.scalar_type() == v.scalar_type();
  const bool fused = suits_kernels(q) && one_type && !dropout;
  return fused ? fused_attention(q, k, v, visible, slopes)
               : plain_attention(q, k, v, visible, dropout, slopes);
}

torch::Tensor plain_attention(const torch::Tensor& q, const torch::Tensor& k,
                              const torch::Tensor& v, const torch::Tensor& visible,
                              const WeightsDropout& dropout, const std::vector<double>& slopes) {
  const std::int64_t B = q.size(0), H = q.size(1), T = q.size(2), Dh = q.size(3);
  const std::int64_t Hkv = k.size(1), S = k.size(2), G = H / Hkv;

  // Half types are scaled as float32 only, as the kernels do it; others where there is less to
  // scale.
  const bool half = to_statistics_type(q.new_empty({})).scalar_type() != q.scalar_type();
  const double scale = 1 / std::sqrt(static_cast<double>(Dh));
  const auto grouped = (half ? q : q * scale).reshape({B, Hkv, G * T, Dh});
  auto scores = to_statistics_type(grouped.matmul(k.transpose(-2, -1)));  // [B, Hkv, G * T, S]
  if (half) scores = scores * scale;
  if (!slopes.empty()) {
    const auto m = torch::tensor(slopes, torch::kDouble).to(scores.options()).view({Hkv, G, 1, 1});
    const auto places = torch::arange(S, scores.device());
    const auto distances = visible.defined() ? visible.view({B, 1, 1, T, 1}) - 1 - places
                                             : (S - 1 - places).view({1, 1, 1, 1, S});
    scores = (scores.view({B, Hkv, G, T, S}) - m * distances).view({B, Hkv, G * T, S});
  }
  if (visible.defined()) {
    constexpr float kHidden = -std::numeric_limits<float>::infinity();
    const auto hidden = torch::arange(S, visible.device()) >= visible.view({B, 1, 1, T, 1});
    scores = scores.view({B, Hkv, G, T, S}).masked_fill(hidden, kHidden).view({B, Hkv, G * T, S});
  }
  auto weights = scores.softmax(-1);
  if (dropout) weights = dropout(weights);
  return weights.to(v.scalar_type()).matmul(v).view({B, H, T, Dh});
}

}  // namespace minillama
