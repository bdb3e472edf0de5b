#include "minillama/nn/attention.h"

#include "minillama/core/check.h"
#include "minillama/core/position_schemes.h"
#include "minillama/nn/rms_norm.h"
#include "minillama/ops/attention.h"
#include "minillama/ops/head_rows.h"
#include "minillama/ops/rope.h"

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

AttentionImpl::AttentionImpl(const ModelConfig& config, const torch::Generator& generator)
    : head_dim_(config.head_dim),
      rotates_(position_scheme(config).rotates),
      n_slopes_(std::ssize(score_slopes(config))) {
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
  stream << "minillama::Attention(n_heads=" << compute_query->out_features() / head_dim_
         << ", n_kv_heads=" << compute_key->out_features() / head_dim_ << ", head_dim=" << head_dim_
         << ")";
}

std::int64_t AttentionImpl::n_virtual_tokens() const {
  const auto keys = compute_key->rows_before();
  const auto values = compute_value->rows_before();
  const auto n = keys.defined() ? keys.size(0) : 0;
  require(n == (values.defined() ? values.size(0) : 0), "the number of virtual tokens of keys", n,
          "be that of the values");
  return n;
}

torch::Tensor AttentionImpl::forward(const torch::Tensor& x, const AttentionContext& context,
                                     LayerCache* cache) {
  const auto& sequences = context.sequences;
  require_shape(x, "the input of attention", {sequences.n_tokens(), compute_query->in_features()});
  if (rotates_) {
    require_shape(context.rotations, "rotations", {sequences.n_tokens(), 1, head_dim_ / 2});
  }
  if (!rotates_ && context.rotations.defined()) {
    throw OptionError("rotations, but positions that are not rotary");
  }
  if (std::ssize(context.slopes) != n_slopes_) {
    throw OptionError(
        fmt::format("{} slopes of biases, must be {}", context.slopes.size(), n_slopes_));
  }
  if (cache != nullptr && !context.places) {
    throw OptionError("a KV cache, but no places in it");
  }
  const auto heads = [&](const torch::Tensor& y) {
    return y.unflatten(-1, {y.size(-1) / head_dim_, head_dim_});  // [N, heads, Dh]
  };
  const auto normalized = [&](Norm& norm, const torch::Tensor& y) {
    return norm.is_empty() ? heads(y) : norm(heads(y));
  };
  const auto turned = [&](const torch::Tensor& y, bool of_queries) {
    if (!rotates_) return y;
    const auto& rotations = context.rotations;
    return apply_rotary(y, of_queries ? context.of_queries(rotations) : rotations);
  };

  const auto n_virtual = n_virtual_tokens();

  const auto queries = context.query_sequences();
  const auto q = to_head_rows(
      turned(normalized(query_norm, compute_query(context.of_queries(x))), /*of_queries=*/true),
      queries);
  auto k = turned(normalized(key_norm, compute_key(x)), /*of_queries=*/false);
  auto v = heads(compute_value(x));
  if (cache != nullptr) {
    std::tie(k, v) = cache->append(k, v, *context.places);
  } else {
    k = to_head_rows(k, sequences);
    v = to_head_rows(v, sequences);
  }
  auto visible = context.visible;
  if (n_virtual > 0) {
    const auto behind = [&](const Linear& linear, const torch::Tensor& rows) {
      const auto before = heads(linear->rows_before().to(rows.scalar_type())).transpose(0, 1);
      return torch::cat({before.unsqueeze(0).expand({rows.size(0), -1, -1, -1}), rows}, 2);
    };
    k = behind(compute_key, k);
    v = behind(compute_value, v);
    if (visible.defined()) visible = visible + n_virtual;
  }

  const auto attended = scaled_dot_product_attention(
      q, k, v, visible,
      attention_dropout_->is_active() ? WeightsDropout(attention_dropout_) : WeightsDropout(),
      context.slopes);
  const auto merged = from_head_rows(attended, queries).flatten(-2);  // [N, H * Dh]
  return output_dropout_(compute_output(merged));
}

}  // namespace minillama
