#include "minillama/nn/attention.h"

#include <cmath>
#include <limits>

#include "minillama/core/check.h"
#include "minillama/nn/fused.h"
#include "minillama/nn/fused_attention.h"
#include "minillama/nn/head_rows.h"
#include "minillama/nn/rms_norm.h"
#include "minillama/nn/rope.h"

namespace minillama {
namespace {

void check(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
           const torch::Tensor& visible) {
  require_shape(q, "queries", {kAny, kAny, kAny, kAny});
  require_shape(k, "keys", {q.size(0), kAny, kAny, q.size(3)});
  require_shape(v, "values", {k.size(0), k.size(1), k.size(2), k.size(3)});
  require_device(k, "keys", q.device());
  require_device(v, "values", q.device());
  if (k.size(1) == 0 || q.size(1) % k.size(1) != 0) {
    throw OptionError(
        fmt::format("{} query heads cannot share {} key heads", q.size(1), k.size(1)));
  }
  if (!visible.defined()) return;
  require_shape(visible, "visible", {q.size(0), q.size(2)});
  require_device(visible, "visible", q.device());
  if (visible.is_cpu()) require_ids(visible, "visible", 1, k.size(2) + 1);
}

}  // namespace

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
                                           Dropout& dropout) {
  check(q, k, v, visible);
  const bool one_type = q.scalar_type() == k.scalar_type() && q.scalar_type() == v.scalar_type();
  const bool fused = suits_kernels(q) && one_type && !dropout->is_active();
  return fused ? fused_attention(q, k, v, visible) : plain_attention(q, k, v, visible, dropout);
}

torch::Tensor plain_attention(const torch::Tensor& q, const torch::Tensor& k,
                              const torch::Tensor& v, const torch::Tensor& visible,
                              Dropout& dropout) {
  const std::int64_t B = q.size(0), H = q.size(1), T = q.size(2), Dh = q.size(3);
  const std::int64_t Hkv = k.size(1), S = k.size(2), G = H / Hkv;

  // Half types are scaled as float32 only, as the kernels do it; others where there is less to
  // scale.
  const bool half = to_statistics_type(q.new_empty({})).scalar_type() != q.scalar_type();
  const double scale = 1 / std::sqrt(static_cast<double>(Dh));
  const auto grouped = (half ? q : q * scale).reshape({B, Hkv, G * T, Dh});
  auto scores = to_statistics_type(grouped.matmul(k.transpose(-2, -1)));  // [B, Hkv, G * T, S]
  if (half) scores = scores * scale;
  if (visible.defined()) {
    constexpr float kHidden = -std::numeric_limits<float>::infinity();
    const auto hidden = torch::arange(S, visible.device()) >= visible.view({B, 1, 1, T, 1});
    scores = scores.view({B, Hkv, G, T, S}).masked_fill(hidden, kHidden).view({B, Hkv, G * T, S});
  }
  const auto weights = dropout(scores.softmax(-1)).to(v.scalar_type());
  return weights.matmul(v).view({B, H, T, Dh});
}

AttentionImpl::AttentionImpl(const ModelConfig& config, const torch::Generator& generator)
    : head_dim_(config.head_dim) {
  const auto projection = [&](const char* name, std::int64_t from, std::int64_t to, bool biased) {
    return register_module(name, Linear(from, to, biased));
  };
  const std::int64_t dim = config.dim;
  compute_query = projection("compute_query", dim, config.query_dim(), config.qkv_bias);
  compute_key = projection("compute_key", dim, config.kv_dim(), config.qkv_bias);
  compute_value = projection("compute_value", dim, config.kv_dim(), config.qkv_bias);
  compute_output = projection("compute_output", config.query_dim(), dim, config.output_bias);
  if (config.qk_norm) {
    query_norm = register_module("query_norm", RMSNorm(head_dim_, config.norm_eps));
    key_norm = register_module("key_norm", RMSNorm(head_dim_, config.norm_eps));
  }
  attention_dropout_ = register_module("attention_dropout", Dropout(config.dropout, generator));
  output_dropout_ = register_module("output_dropout", Dropout(config.dropout, generator));
}

void AttentionImpl::reset() {
  compute_query = register_module("compute_query", Linear(*compute_query));
  compute_key = register_module("compute_key", Linear(*compute_key));
  compute_value = register_module("compute_value", Linear(*compute_value));
  compute_output = register_module("compute_output", Linear(*compute_output));
  if (!query_norm.is_empty()) {
    query_norm = register_module("query_norm", Norm(*query_norm));
    key_norm = register_module("key_norm", Norm(*key_norm));
  }
  attention_dropout_ = register_module("attention_dropout", Dropout(*attention_dropout_));
  output_dropout_ = register_module("output_dropout", Dropout(*output_dropout_));
}

void AttentionImpl::pretty_print(std::ostream& stream) const {
  const auto width = compute_query->weight.size(0);
  stream << "minillama::Attention(n_heads=" << width / head_dim_
         << ", n_kv_heads=" << compute_key->weight.size(0) / head_dim_ << ", head_dim=" << head_dim_
         << ")";
}

torch::Tensor AttentionImpl::forward(const torch::Tensor& x, const AttentionContext& context,
                                     LayerCache* cache) {
  const auto& sequences = context.sequences;
  require_shape(x, "the input of attention", {sequences.n_tokens(), compute_query->weight.size(1)});
  require_shape(context.rotations, "rotations", {sequences.n_tokens(), 1, head_dim_ / 2});
  if (cache != nullptr && !context.places) {
    throw OptionError("a KV cache, but no places in it");
  }
  const auto heads = [&](const torch::Tensor& y) {
    return y.unflatten(-1, {y.size(-1) / head_dim_, head_dim_});  // [N, heads, Dh]
  };
  const auto normalized = [&](Norm& norm, const torch::Tensor& y) {
    return norm.is_empty() ? heads(y) : norm(heads(y));
  };

  const auto queries = context.query_sequences();
  const auto q =
      to_head_rows(apply_rotary(normalized(query_norm, compute_query(context.of_queries(x))),
                                context.of_queries(context.rotations)),
                   queries);
  auto k = apply_rotary(normalized(key_norm, compute_key(x)), context.rotations);
  auto v = heads(compute_value(x));
  if (cache != nullptr) {
    std::tie(k, v) = cache->append(k, v, *context.places);
  } else {
    k = to_head_rows(k, sequences);
    v = to_head_rows(v, sequences);
  }

  const auto attended = scaled_dot_product_attention(q, k, v, context.visible, attention_dropout_);
  const auto merged = from_head_rows(attended, queries).flatten(-2);  // [N, H * Dh]
  return output_dropout_(compute_output(merged));
}

}  // namespace minillama
