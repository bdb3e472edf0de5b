#include "minillama/nn/attention.h"

#include <cmath>
#include <limits>

#include "minillama/nn/fused.h"
#include "minillama/nn/fused_attention.h"
#include "minillama/nn/head_rows.h"
#include "minillama/nn/norm.h"
#include "minillama/nn/rope.h"

namespace minillama {

AttentionContext AttentionContext::for_last_tokens() const {
  auto context = *this;
  context.last_only = true;
  if (visible.defined()) {
    const auto lengths = torch::tensor(sequences.lengths(), torch::kLong).to(visible.device());
    context.visible = visible.gather(1, (lengths - 1).unsqueeze(1));
  }
  return context;
}

Sequences AttentionContext::query_sequences() const {
  return last_only ? Sequences::rectangle(sequences.size(), 1) : sequences;
}

torch::Tensor AttentionContext::of_queries(const torch::Tensor& tokens) const {
  return last_only ? tokens.index_select(0, sequences.last_tokens(tokens.device())) : tokens;
}

torch::Tensor visible_positions(AttentionKind kind, const Sequences& sequences, std::int64_t past,
                                torch::Device device) {
  const std::int64_t B = sequences.size(), T = sequences.longest();
  if (kind == AttentionKind::causal) {
    // Padding stands behind the real tokens, where causal queries do not look.
    if (T == 1) return {};
    return torch::arange(past + 1, past + T + 1, device).expand({B, T}).contiguous();
  }
  if (sequences.all_equal()) return {};
  const auto lengths = torch::tensor(sequences.lengths(), torch::kLong).to(device);
  return lengths.unsqueeze(1).expand({B, T}).contiguous();
}

torch::Tensor scaled_dot_product_attention(const torch::Tensor& q, const torch::Tensor& k,
                                           const torch::Tensor& v, const torch::Tensor& visible,
                                           Dropout& dropout) {
  const bool one_type = q.scalar_type() == k.scalar_type() && q.scalar_type() == v.scalar_type();
  const bool fused = suits_kernels(q) && one_type && !dropout->is_active();
  return fused ? fused_attention(q, k, v, visible) : plain_attention(q, k, v, visible, dropout);
}

torch::Tensor plain_attention(const torch::Tensor& q, const torch::Tensor& k,
                              const torch::Tensor& v, const torch::Tensor& visible,
                              Dropout& dropout) {
  const std::int64_t B = q.size(0), H = q.size(1), T = q.size(2), Dh = q.size(3);
  const std::int64_t Hkv = k.size(1), S = k.size(2), G = H / Hkv;

  const auto grouped = (q / std::sqrt(static_cast<double>(Dh))).reshape({B, Hkv, G * T, Dh});
  auto scores = to_statistics_type(grouped.matmul(k.transpose(-2, -1)));  // [B, Hkv, G * T, S]
  if (visible.defined()) {
    constexpr float kHidden = -std::numeric_limits<float>::infinity();
    const auto hidden = torch::arange(S, visible.device()) >= visible.view({B, 1, 1, T, 1});
    scores = scores.view({B, Hkv, G, T, S}).masked_fill(hidden, kHidden).view({B, Hkv, G * T, S});
  }
  const auto weights = dropout(scores.softmax(-1)).to(v.scalar_type());
  return weights.matmul(v).view({B, H, T, Dh});
}

AttentionImpl::AttentionImpl(const ModelConfig& config, const torch::Generator& generator)
    : head_dim_(config.head_dim()) {
  const std::int64_t kv_dim = config.n_kv_heads * head_dim_;
  compute_query = register_module("compute_query", Linear(config.dim, config.dim));
  compute_key = register_module("compute_key", Linear(config.dim, kv_dim));
  compute_value = register_module("compute_value", Linear(config.dim, kv_dim));
  compute_output = register_module("compute_output", Linear(config.dim, config.dim));
  attention_dropout_ = register_module("attention_dropout", Dropout(config.dropout, generator));
  output_dropout_ = register_module("output_dropout", Dropout(config.dropout, generator));
}

torch::Tensor AttentionImpl::forward(const torch::Tensor& x, const AttentionContext& context,
                                     LayerCache* cache) {
  const auto& sequences = context.sequences;
  const auto heads = [&](const torch::Tensor& y) {
    return y.unflatten(-1, {y.size(-1) / head_dim_, head_dim_});  // [N, heads, Dh]
  };

  const auto queries = context.query_sequences();
  const auto q = to_head_rows(apply_rotary(heads(compute_query(context.of_queries(x))),
                                           context.of_queries(context.rotations)),
                              queries);
  auto k = to_head_rows(apply_rotary(heads(compute_key(x)), context.rotations), sequences);
  auto v = to_head_rows(heads(compute_value(x)), sequences);
  if (cache != nullptr) {
    TORCH_CHECK(sequences.all_equal(), "a KV cache needs rows of equal length");
    std::tie(k, v) = cache->append(k, v);
  }

  const auto attended = scaled_dot_product_attention(q, k, v, context.visible, attention_dropout_);
  const auto merged = from_head_rows(attended, queries).flatten(-2);  // [N, H * Dh]
  return output_dropout_(compute_output(merged));
}

}  // namespace minillama
