#include "minillama/engine/engine_pass.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "minillama/kernels/attend.h"
#include "minillama/kernels/norm.h"
#include "minillama/kernels/rotary.h"
#include "minillama/kernels/swiglu.h"

namespace minillama {
namespace {

using kernels::Output;

}  // namespace

EnginePass::EnginePass(const Weights& model, EngineBuffers& buffers, std::size_t thread,
                       std::size_t parts)
    : model_(model),
      buffers_(buffers),
      own_(buffers.threads[thread]),
      thread_(thread),
      parts_(parts) {}

void EnginePass::run(EngineSteps& steps, std::span<const EngineToken> tokens, std::size_t row) {
  row_ = row;
  // A thread that comes late, or was not given a processor, goes on where the others are.
  for (std::size_t step = steps.complete(); step < steps.size(); step = steps.complete()) {
    tokens_ =
        step < steps.first_of_wanted() ? tokens : std::span<const EngineToken>(buffers_.wanted);
    take_part(steps, step);
    steps.wait(step);
  }
}

void EnginePass::take_part(EngineSteps& steps, std::size_t step) {
  bool prepared = false;
  for (std::size_t i = 0; i < parts_; ++i) {
    part_ = (thread_ + i) % parts_;
    // What is read here may be overwritten once the step is complete: not while a part is taken.
    if (!steps.take(step, part_)) continue;
    if (!std::exchange(prepared, true)) prepare(steps[step]);
    compute(steps[step]);
    steps.finish(step);
  }
}

void EnginePass::prepare(const EngineStep& step) {
  using Kind = EngineStep::Kind;
  const LayerWeights& layer = model_.layers[step.layer];
  switch (step.kind) {
    case Kind::keys_and_values:
      return set_input(layer.attention_norm, {&layer.key, &layer.value});
    case Kind::project:
      return set_input(layer.attention_norm, {&layer.query, &layer.key, &layer.value});
    case Kind::attention_output:
      return set_input(buffers_.attended.at(0), buffers_.query_dim, {&layer.output});
    case Kind::gate:
      return set_input(layer.ffn_norm, {&layer.w1, &layer.w3});
    case Kind::feed_forward_output:
      return set_input(buffers_.gated.at(0), buffers_.hidden_dim, {&layer.w2});
    case Kind::head:
      return set_input(model_.norm, {&model_.head});
    case Kind::embed:
    case Kind::store:
    case Kind::keep_wanted:
    case Kind::rotate:
    case Kind::attend:
    case Kind::norm:
      return;
  }
}

void EnginePass::compute(const EngineStep& step) {
  using Kind = EngineStep::Kind;
  if (step.kind == Kind::embed) return embed();
  if (step.kind == Kind::head) {
    return multiply(model_.head, buffers_.logits.at(row_ * buffers_.vocab_size), Output::replace);
  }
  if (step.kind == Kind::norm) return normalize();
  const LayerWeights& weights = model_.layers[step.layer];
  switch (step.kind) {
    case Kind::keys_and_values:
      return keys_and_values(weights);
    case Kind::store:
      return store(step.layer);
    case Kind::keep_wanted:
      return keep_wanted();
    case Kind::project:
      multiply(weights.query, buffers_.query.at(0), Output::replace);
      return keys_and_values(weights);
    case Kind::rotate:
      rotate_queries(weights);
      return store(step.layer);
    case Kind::attend:
      return attend(step.layer);
    case Kind::attention_output:
      return multiply(weights.output, buffers_.x.at(0), Output::add);
    case Kind::gate:
      return gate(weights);
    case Kind::feed_forward_output:
      return multiply(weights.w2, buffers_.x.at(0), Output::add);
    case Kind::embed:
    case Kind::head:
    case Kind::norm:
      return;
  }
}

void EnginePass::embed() {
  const Matrix& embeddings = model_.embeddings;
  const Matrix& positions = model_.position_embeddings;
  const std::size_t dim = buffers_.dim, width = buffers_.rotation_width;
  for (std::size_t t = part_; t < tokens_.size(); t += parts_) {
    const auto row = static_cast<std::size_t>(tokens_[t].id);
    float* x = buffers_.x.at(t * dim);
    embeddings.format->to_floats(dim, embeddings.row(row), x);
    if (positions.rows > 0) {
      float* position = own_.input.at(0);  // which holds nothing yet
      positions.format->to_floats(dim, positions.row(tokens_[t].position), position);
      for (std::size_t i = 0; i < dim; ++i) x[i] += position[i];
    }
    float* rotation = buffers_.rotations.at(t * width);
    for (std::size_t i = 0; i < width; i += 2) {
      const float angle = static_cast<float>(tokens_[t].position) * buffers_.frequencies[i / 2];
      rotation[i] = std::cos(angle) * buffers_.rotation_scale;
      rotation[i + 1] = std::sin(angle) * buffers_.rotation_scale;
    }
  }
}

void EnginePass::keys_and_values(const LayerWeights& weights) {
  multiply(weights.key, buffers_.key.at(0), Output::replace);
  multiply(weights.value, buffers_.value.at(0), Output::replace);
}

void EnginePass::store(std::size_t layer) {
  for (std::size_t t = part_; t < tokens_.size(); t += parts_) store(tokens_[t], t, layer);
}

void EnginePass::store(const EngineToken& token, std::size_t t, std::size_t layer) {
  const std::size_t head_dim = buffers_.head_dim;
  float* key = buffers_.key.at(t * buffers_.kv_dim);
  const float* value = buffers_.value.at(t * buffers_.kv_dim);
  normalize_heads(model_.layers[layer].key_norm, buffers_.n_kv_heads, key);
  rotate(buffers_.n_kv_heads, t, key);
  const std::size_t place = token.position * head_dim;
  for (std::size_t head = 0; head < buffers_.n_kv_heads; ++head) {
    std::copy_n(key + head * head_dim, head_dim,
                buffers_.keys(token.sequence, layer, head) + place);
    std::copy_n(value + head * head_dim, head_dim,
                buffers_.values(token.sequence, layer, head) + place);
  }
}

void EnginePass::rotate_queries(const LayerWeights& weights) {
  for (std::size_t t = part_; t < tokens_.size(); t += parts_) {
    float* query = buffers_.query.at(t * buffers_.query_dim);
    normalize_heads(weights.query_norm, buffers_.n_heads, query);
    rotate(buffers_.n_heads, t, query);
  }
}

void EnginePass::rotate(std::size_t heads, std::size_t t, float* x) {
  if (buffers_.rotation_width == 0) return;
  const float* rotation = buffers_.rotations.at(t * buffers_.rotation_width);
  kernels::rotary(isa_, {1, heads, buffers_.head_dim / 2}, x, rotation, x, false);
}

void EnginePass::normalize_heads(const NormWeights& norm, std::size_t heads, float* x) {
  if (norm.gain == nullptr) return;
  kernels::norm_forward(
      isa_,
      {.rows = heads, .dim = buffers_.head_dim, .eps = model_.config.norm_eps, .centered = false},
      x, norm.gain, norm.bias, x, own_.means.at(0), own_.inverses.at(0));
}

void EnginePass::keep_wanted() {
  if (part_ != 0) return;
  const std::size_t dim = buffers_.dim, width = buffers_.rotation_width;
  std::size_t kept = 0;
  for (std::size_t t = 0; t < tokens_.size(); ++t) {
    if (!tokens_[t].is_wanted) continue;
    std::copy_n(buffers_.x.at(t * dim), dim, buffers_.x.at(kept * dim));
    std::copy_n(buffers_.rotations.at(t * width), width, buffers_.rotations.at(kept * width));
    ++kept;
  }
  buffers_.split_into_blocks(buffers_.wanted);
}

void EnginePass::attend(std::size_t layer) {
  // Later tokens have more to look at: each part has some heads of every block.
  const std::size_t n_kv_heads = buffers_.n_kv_heads;
  for (std::size_t i = part_; i < buffers_.blocks.size() * n_kv_heads; i += parts_) {
    attend(buffers_.blocks[i / n_kv_heads], layer, i % n_kv_heads);
  }
}

void EnginePass::attend(const EngineBlock& block, std::size_t layer, std::size_t kv_head) {
  const EngineToken& first = tokens_[block.begin];
  const std::size_t head_dim = buffers_.head_dim;
  const std::size_t group = buffers_.n_heads / buffers_.n_kv_heads;
  const std::size_t begin = block.begin * buffers_.query_dim + kv_head * group * head_dim;
  // One call for the queries of a group, or of one head in every token.
  const bool one_token = block.count == 1;
  const bool is_full = model_.config.attention == AttentionKind::full;
  const std::size_t calls = one_token ? 1 : group;
  const std::size_t stride = one_token ? head_dim : buffers_.query_dim;
  const float* slopes =
      buffers_.slopes.empty() ? nullptr : buffers_.slopes.data() + kv_head * group;
  for (std::size_t i = 0; i < calls; ++i) {
    const std::size_t at = begin + i * head_dim;
    kernels::attend(isa_,
                    {.queries = {buffers_.query.at(at), stride, one_token ? group : block.count},
                     .keys = buffers_.keys(first.sequence, layer, kv_head),
                     .values = buffers_.values(first.sequence, layer, kv_head),
                     .positions = first.visible,
                     .step = one_token || is_full ? 0U : 1U,
                     .head_dim = head_dim,
                     .slopes = slopes == nullptr ? nullptr : slopes + i,
                     .slope_stride = one_token ? 1U : 0U,
                     .scores = own_.scores.at(0),
                     .out = {buffers_.attended.at(at), stride}});
  }
}

void EnginePass::gate(const LayerWeights& weights) {
  const std::size_t hidden = buffers_.hidden_dim;
  multiply(weights.w1, buffers_.gate.at(0), Output::replace);
  multiply(weights.w3, buffers_.up.at(0), Output::replace);
  const auto [begin, end] = share_of(hidden);  // the rows that were just made
  for (std::size_t t = 0; t < tokens_.size(); ++t) {
    const std::size_t at = t * hidden + begin;
    kernels::swiglu_forward(isa_, end - begin, buffers_.gate.at(at), buffers_.up.at(at),
                            buffers_.gated.at(at));
  }
}

void EnginePass::normalize() {
  const std::size_t begin = tokens_.size() * part_ / parts_;
  const std::size_t end = tokens_.size() * (part_ + 1) / parts_;
  if (begin == end) return;
  kernels::norm_forward(isa_, norm_shape(end - begin), buffers_.x.at(begin * buffers_.dim),
                        model_.norm.gain, model_.norm.bias,
                        buffers_.states.data() + (row_ + begin) * buffers_.dim, own_.means.at(0),
                        own_.inverses.at(0));
}

kernels::NormShape EnginePass::norm_shape(std::size_t rows) const {
  return {.rows = rows,
          .dim = buffers_.dim,
          .eps = model_.config.norm_eps,
          .centered = model_.config.norm == NormKind::layernorm};
}

void EnginePass::set_input(const NormWeights& norm, std::initializer_list<const Matrix*> matrices) {
  kernels::norm_forward(isa_, norm_shape(tokens_.size()), buffers_.x.at(0), norm.gain, norm.bias,
                        own_.input.at(0), own_.means.at(0), own_.inverses.at(0));
  set_input(own_.input.at(0), buffers_.dim, matrices);
}

void EnginePass::set_input(const float* x, std::size_t size,
                           std::initializer_list<const Matrix*> matrices) {
  input_ = {.floats = {x, size, tokens_.size()},
            .bytes = {own_.values.at(0), own_.scales.at(0), own_.half_sums.at(0)}};
  const auto takes_bytes = [](const Matrix* matrix) { return matrix->format->takes_bytes; };
  if (std::ranges::none_of(matrices, takes_bytes)) return;
  for (std::size_t t = 0; t < tokens_.size(); ++t) {
    kernels::to_bytes(isa_, size, x + t * size, input_.bytes, t);
  }
}

void EnginePass::multiply(const Matrix& w, float* out, Output output) {
  const auto [begin, end] = share_of(w.rows);
  const kernels::OutputRows rows{out + begin, w.rows};
  w.format->product(isa_, w.row(begin), end - begin, w.cols, input_, rows, output, buffers_.source);
  if (w.low_rank.rank > 0 && begin < end) add_low_rank(w, begin, end, rows);
  if (w.bias == nullptr) return;
  for (std::size_t t = 0; t < tokens_.size(); ++t) {
    for (std::size_t i = begin; i < end; ++i) out[t * w.rows + i] += w.bias[i];
  }
}

void EnginePass::add_low_rank(const Matrix& w, std::size_t begin, std::size_t end,
                              const kernels::OutputRows& out) {
  const auto& [a, b, rank, scale] = w.low_rank;
  float* low = own_.low_rank.at(0);
  kernels::matmul(isa_, a, rank, w.cols, input_.floats, {low, rank});
  for (std::size_t i = 0; i < tokens_.size() * rank; ++i) low[i] *= scale;
  kernels::matmul(isa_, b + begin * rank, end - begin, rank, {low, rank, tokens_.size()}, out,
                  Output::add);
}

std::pair<std::size_t, std::size_t> EnginePass::share_of(std::size_t rows) const {
  // The kernels take four rows at a time.
  const std::size_t quarters = (rows + 3) / 4;
  return {std::min(rows, quarters * part_ / parts_ * 4),
          std::min(rows, quarters * (part_ + 1) / parts_ * 4)};
}

}  // namespace minillama
