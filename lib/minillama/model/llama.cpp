#include "minillama/model/llama.h"

#include <cmath>

#include "minillama/nn/rope.h"

namespace minillama {

LlamaImpl::LlamaImpl(const ModelConfig& config, torch::Generator generator, Weights weights)
    : config_(config.resolved()) {
  // With a weight of its own the embedding draws nothing from the global generator.
  tok_embeddings = register_module(
      "tok_embeddings",
      torch::nn::Embedding(torch::nn::EmbeddingOptions(config_.vocab_size, config_.dim)
                               ._weight(torch::empty({config_.vocab_size, config_.dim}))));
  layers = register_module("layers", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < config_.n_layers; ++i) {
    layers->push_back(DecoderLayer(config_, generator));
  }
  norm = register_module("norm", make_norm(config_));
  dropout_ = register_module("dropout", Dropout(config_.dropout, generator));
  if (weights == Weights::random) initialize(generator);
}

void LlamaImpl::initialize(torch::Generator& generator) {
  const torch::NoGradGuard no_grad;
  const double deviation = 0.02;
  const double residual = deviation / std::sqrt(2.0 * static_cast<double>(config_.n_layers));
  for (auto& item : named_parameters()) {
    const auto& name = item.key();
    if (name.find("norm") != std::string::npos) continue;
    const bool writes_residual =
        name.ends_with("compute_output.weight") || name.ends_with("feed_forward.w2.weight");
    item.value().normal_(0, writes_residual ? residual : deviation, generator);
  }
}

torch::Tensor LlamaImpl::forward(const torch::Tensor& ids, KVCache* cache) {
  const auto sequences = Sequences::rectangle(ids.size(0), ids.size(1));
  return run(ids.flatten(), sequences, cache, /*last_only=*/false)
      .unflatten(0, {ids.size(0), ids.size(1)});
}

torch::Tensor LlamaImpl::forward_packed(const torch::Tensor& ids, const Sequences& sequences) {
  return run(ids, sequences, nullptr, /*last_only=*/false);
}

torch::Tensor LlamaImpl::forward_last(const torch::Tensor& ids, const Sequences& sequences) {
  return run(ids, sequences, nullptr, /*last_only=*/true);
}

torch::Tensor LlamaImpl::run(const torch::Tensor& ids, const Sequences& sequences, KVCache* cache,
                             bool last_only) {
  TORCH_CHECK(cache == nullptr || config_.attention == AttentionKind::causal,
              "a KV cache needs causal attention: under full attention a new token changes all "
              "earlier states");
  const std::int64_t past = cache == nullptr ? 0 : cache->length();
  auto x = dropout_(tok_embeddings(ids));  // [N, D]
  const auto positions = sequences.positions(ids.device()) + past;
  const AttentionContext context{
      .sequences = sequences,
      .rotations = rotations(positions, config_.head_dim(), config_.rope_theta, x.scalar_type()),
      .visible = visible_positions(config_.attention, sequences, past, ids.device())};
  for (std::size_t i = 0; i < layers->size(); ++i) {
    auto* layer = layers[i]->as<DecoderLayer>();
    const bool narrowed = last_only && i + 1 == layers->size();
    x = layer->forward(x, narrowed ? context.for_last_tokens() : context,
                       cache == nullptr ? nullptr : &cache->layer(i));
  }
  return norm(x);
}

}  // namespace minillama
