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

/// Waits until every thread of the team is here.
void barrier() {
#pragma omp barrier
}

}  // namespace

EnginePass::EnginePass(const EngineModel& model, EngineBuffers& buffers, std::size_t thread,
                       std::size_t threads)
    : model_(model),
      buffers_(buffers),
      own_(buffers.threads[thread]),
      thread_(thread),
      threads_(threads) {}

void EnginePass::run(std::span<const EngineToken> tokens, std::size_t logits_row) {
  embed(tokens);
  for (std::size_t layer = 0; layer < model_.layers.size(); ++layer) {
    const bool is_top = layer + 1 == model_.layers.size();
    if (is_top && buffers_.last.size() < tokens.size()) tokens = keep_last(tokens, layer);
    if (tokens.empty()) return;
    attention(tokens, layer);
    feed_forward(tokens.size(), layer);
  }
  head(tokens, logits_row);
}

void EnginePass::embed(std::span<const EngineToken> tokens) {
  const EngineMatrix& embeddings = model_.embeddings;
  const std::size_t dim = buffers_.dim, head_dim = buffers_.head_dim;
  for (std::size_t t = thread_; t < tokens.size(); t += threads_) {
    const auto row = static_cast<std::size_t>(tokens[t].id);
    float* x = buffers_.x.at(t * dim);
    if (embeddings.blocks != nullptr) {
      kernels::dequantize(dim, embeddings.blocks + row * (dim / kernels::kBlockSize), x);
    } else {
      std::copy_n(embeddings.floats + row * dim, dim, x);
    }
    float* rotation = buffers_.rotations.at(t * head_dim);
    for (std::size_t i = 0; i < head_dim; i += 2) {
      const float angle = static_cast<float>(tokens[t].position) * buffers_.frequencies[i / 2];
      rotation[i] = std::cos(angle);
      rotation[i + 1] = std::sin(angle);
    }
  }
  barrier();
}

void EnginePass::attention(std::span<const EngineToken> tokens, std::size_t layer) {
  const EngineLayer& weights = model_.layers[layer];
  set_input(weights.attention_norm, buffers_.x.at(0), tokens.size());
  multiply(weights.query, buffers_.query.at(0), Output::replace);
  keys_and_values(tokens, layer);
  const kernels::RotaryShape heads{1, buffers_.n_heads, buffers_.head_dim / 2};
  for (std::size_t t = thread_; t < tokens.size(); t += threads_) {
    float* query = buffers_.query.at(t * buffers_.dim);
    kernels::rotary(isa_, heads, query, buffers_.rotations.at(t * buffers_.head_dim), query, false);
  }
  barrier();
  // Later tokens have more to look at: each thread gets some heads of every block.
  const std::size_t n_kv_heads = buffers_.n_kv_heads;
  for (std::size_t i = thread_; i < buffers_.blocks.size() * n_kv_heads; i += threads_) {
    attend(buffers_.blocks[i / n_kv_heads], tokens, layer, i % n_kv_heads);
  }
  barrier();
  set_input(buffers_.attended.at(0), buffers_.dim, tokens.size());
  multiply(weights.output, buffers_.x.at(0), Output::add);
  barrier();
}

void EnginePass::keys_and_values(std::span<const EngineToken> tokens, std::size_t layer) {
  multiply(model_.layers[layer].key, buffers_.key.at(0), Output::replace);
  multiply(model_.layers[layer].value, buffers_.value.at(0), Output::replace);
  barrier();
  for (std::size_t t = thread_; t < tokens.size(); t += threads_) {
    store_keys_and_values(tokens[t], t, layer);
  }
}

void EnginePass::store_keys_and_values(const EngineToken& token, std::size_t t, std::size_t layer) {
  const std::size_t head_dim = buffers_.head_dim;
  const float* rotation = buffers_.rotations.at(t * head_dim);
  float* key = buffers_.key.at(t * buffers_.kv_dim);
  const float* value = buffers_.value.at(t * buffers_.kv_dim);
  kernels::rotary(isa_, {1, buffers_.n_kv_heads, head_dim / 2}, key, rotation, key, false);
  const std::size_t place = token.position * head_dim;
  for (std::size_t head = 0; head < buffers_.n_kv_heads; ++head) {
    std::copy_n(key + head * head_dim, head_dim,
                buffers_.keys(token.sequence, layer, head) + place);
    std::copy_n(value + head * head_dim, head_dim,
                buffers_.values(token.sequence, layer, head) + place);
  }
}

std::span<const EngineToken> EnginePass::keep_last(std::span<const EngineToken> tokens,
                                                   std::size_t layer) {
  set_input(model_.layers[layer].attention_norm, buffers_.x.at(0), tokens.size());
  keys_and_values(tokens, layer);
  barrier();
  if (thread_ == 0) {
    const std::size_t dim = buffers_.dim, head_dim = buffers_.head_dim;
    std::size_t kept = 0;
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      if (!tokens[t].is_last) continue;
      std::copy_n(buffers_.x.at(t * dim), dim, buffers_.x.at(kept * dim));
      std::copy_n(buffers_.rotations.at(t * head_dim), head_dim,
                  buffers_.rotations.at(kept * head_dim));
      ++kept;
    }
    buffers_.split_into_blocks(buffers_.last);
  }
  barrier();
  return buffers_.last;
}

void EnginePass::attend(const EngineBlock& block, std::span<const EngineToken> tokens,
                        std::size_t layer, std::size_t kv_head) {
  const EngineToken& first = tokens[block.begin];
  const std::size_t head_dim = buffers_.head_dim;
  const std::size_t group = buffers_.n_heads / buffers_.n_kv_heads;
  const std::size_t begin = block.begin * buffers_.dim + kv_head * group * head_dim;
  // One call for the queries of a group, or of one head in every token.
  const bool one_token = block.count == 1;
  const std::size_t calls = one_token ? 1 : group;
  const std::size_t stride = one_token ? head_dim : buffers_.dim;
  for (std::size_t i = 0; i < calls; ++i) {
    const std::size_t at = begin + i * head_dim;
    kernels::attend(isa_,
                    {.queries = {buffers_.query.at(at), stride, one_token ? group : block.count},
                     .keys = buffers_.keys(first.sequence, layer, kv_head),
                     .values = buffers_.values(first.sequence, layer, kv_head),
                     .positions = first.position + 1,
                     .step = one_token ? 0U : 1U,
                     .head_dim = head_dim,
                     .scores = own_.scores.at(0),
                     .out = {buffers_.attended.at(at), stride}});
  }
}

void EnginePass::feed_forward(std::size_t n_tokens, std::size_t layer) {
  const EngineLayer& weights = model_.layers[layer];
  const std::size_t hidden = buffers_.hidden_dim;
  set_input(weights.ffn_norm, buffers_.x.at(0), n_tokens);
  multiply(weights.w1, buffers_.gate.at(0), Output::replace);
  multiply(weights.w3, buffers_.up.at(0), Output::replace);
  const auto [begin, end] = share_of(hidden);  // the rows that this thread has just made
  for (std::size_t t = 0; t < n_tokens; ++t) {
    const std::size_t at = t * hidden + begin;
    kernels::swiglu_forward(isa_, end - begin, buffers_.gate.at(at), buffers_.up.at(at),
                            buffers_.gated.at(at));
  }
  barrier();
  set_input(buffers_.gated.at(0), hidden, n_tokens);
  multiply(weights.w2, buffers_.x.at(0), Output::add);
  barrier();
}

void EnginePass::head(std::span<const EngineToken> tokens, std::size_t logits_row) {
  set_input(model_.norm, buffers_.x.at(0), tokens.size());
  multiply(model_.head, buffers_.logits.at(logits_row * buffers_.vocab_size), Output::replace);
}

void EnginePass::set_input(const EngineNorm& norm, const float* x, std::size_t count) {
  const kernels::NormShape shape{.rows = count,
                                 .dim = buffers_.dim,
                                 .eps = model_.config.norm_eps,
                                 .centered = model_.config.norm == NormKind::layernorm};
  kernels::norm_forward(isa_, shape, x, norm.gain, norm.bias, own_.input.at(0), own_.means.at(0),
                        own_.inverses.at(0));
  set_input(own_.input.at(0), buffers_.dim, count);
}

void EnginePass::set_input(const float* x, std::size_t size, std::size_t count) {
  input_ = {x, size, count};
  if (model_.embeddings.blocks == nullptr) return;
  for (std::size_t t = 0; t < count; ++t) {
    kernels::quantize(isa_, size, x + t * size, own_.quantized, t);
  }
}

void EnginePass::multiply(const EngineMatrix& w, float* out, Output output) {
  const auto [begin, end] = share_of(w.rows);
  const kernels::OutputRows rows{out + begin, w.rows};
  if (w.blocks != nullptr) {
    const std::size_t blocks_per_row = w.cols / kernels::kBlockSize;
    kernels::matmul(isa_, w.blocks + begin * blocks_per_row, end - begin, w.cols, own_.quantized,
                    input_.count, rows, output);
  } else {
    kernels::matmul(isa_, w.floats + begin * w.cols, end - begin, w.cols, input_, rows, output);
  }
}

std::pair<std::size_t, std::size_t> EnginePass::share_of(std::size_t rows) const {
  // The kernels take four rows at a time.
  const std::size_t quarters = (rows + 3) / 4;
  return {std::min(rows, quarters * thread_ / threads_ * 4),
          std::min(rows, quarters * (thread_ + 1) / threads_ * 4)};
}

}  // namespace minillama
