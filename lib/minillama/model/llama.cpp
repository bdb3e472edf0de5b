#include "minillama/model/llama.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include "minillama/core/check.h"
#include "minillama/core/position_schemes.h"
#include "minillama/model/frozen_model.h"
#include "minillama/model/recomputed_layer.h"
#include "minillama/ops/attention.h"
#include "minillama/ops/rope.h"

namespace minillama {

LlamaImpl::LlamaImpl(const ModelConfig& config, torch::Generator generator, Initial weights)
    : config_(config.resolved()) {
  tok_embeddings = register_module("tok_embeddings", Embedding(config_.vocab_size, config_.dim));
  if (position_scheme(config_).has_embeddings) {
    position_embeddings =
        register_module("position_embeddings", Embedding(config_.max_seq_len, config_.dim));
  }
  layers = register_module("layers", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < config_.n_layers; ++i) {
    layers->push_back(DecoderLayer(config_, generator));
  }
  norm = register_module("norm", make_norm(config_));
  dropout_ = register_module("dropout", Dropout(config_.dropout, generator));
  if (weights == Initial::random) reset_parameters(generator);
}

void LlamaImpl::reset_parameters(torch::Generator generator) {
  draw_anew(*this, std::move(generator));
}

void LlamaImpl::reset_last_layers(std::int64_t n, torch::Generator generator) {
  require(n >= 0 && n <= config_.n_layers, "the number of layers to be drawn anew", n,
          fmt::format("lie in [0, {}]", config_.n_layers));
  for (std::int64_t i = config_.n_layers - n; i < config_.n_layers; ++i) {
    draw_anew(*layers[static_cast<std::size_t>(i)], generator);
  }
}

void LlamaImpl::draw_anew(torch::nn::Module& part, torch::Generator generator) {
  if (!frozen_bytes(part).empty()) throw OptionError("frozen weights are not drawn anew");
  for (const auto& module : part.modules(/*include_self=*/false)) {
    if (auto* linear = module->as<LinearImpl>()) linear->unmerge();
    if (auto* any_norm = module->as<NormImpl>()) any_norm->reset_parameters();
  }
  const double deviation = 0.02;
  const double residual = deviation / std::sqrt(2.0 * static_cast<double>(config_.n_layers));
  for (const auto& module : part.named_modules(/*name_prefix=*/{}, /*include_self=*/false)) {
    const auto& name = module.key();
    const bool is_adapter = dynamic_cast<const Adapter*>(module.value().get()) != nullptr;
    if (is_adapter || name.find("norm") != std::string::npos) continue;
    const bool writes_residual =
        name.ends_with("compute_output") || name.ends_with("feed_forward.w2");
    for (auto& parameter : module.value()->named_parameters(/*recurse=*/false)) {
      if (parameter.key() == "bias") {
        parameter.value().detach().zero_();
      } else {
        draw_normal(parameter.value(), writes_residual ? residual : deviation, generator);
      }
    }
    if (auto* linear = module.value()->as<LinearImpl>()) {
      for (const auto& adapter : linear->children()) {  // in the order in which they were added
        dynamic_cast<Adapter&>(*adapter).reset_parameters(linear->dense_weight(), generator);
      }
    }
  }
}

void LlamaImpl::set_attention(AttentionKind kind) {
  ModelConfig changed = config_;
  changed.attention = kind;
  check_positions(changed);
  config_ = changed;
}

std::int64_t LlamaImpl::n_virtual_tokens() const {
  std::int64_t n = 0;
  for (const auto& layer : *layers) {
    n = std::max(n, layer->as<DecoderLayerImpl>()->attention->n_virtual_tokens());
  }
  return n;
}

std::int64_t LlamaImpl::max_tokens() const {
  return std::max<std::int64_t>(config_.max_seq_len - n_virtual_tokens(), 1);
}

void LlamaImpl::reset() {
  tok_embeddings = register_module("tok_embeddings", Embedding(*tok_embeddings));
  if (!position_embeddings.is_empty()) {
    position_embeddings = register_module("position_embeddings", Embedding(*position_embeddings));
  }
  const auto originals = layers;
  layers = register_module("layers", torch::nn::ModuleList());
  for (const auto& layer : *originals) {
    layers->push_back(std::make_shared<DecoderLayerImpl>(*layer->as<DecoderLayerImpl>()));
  }
  norm = register_module("norm", Norm(*norm));
  dropout_ = register_module("dropout", Dropout(*dropout_));
}

void LlamaImpl::pretty_print(std::ostream& stream) const {
  stream << "minillama::Llama(dim=" << config_.dim << ", n_layers=" << config_.n_layers
         << ", n_heads=" << config_.n_heads << ", n_kv_heads=" << config_.n_kv_heads
         << ", hidden_dim=" << config_.hidden_dim << ", vocab_size=" << config_.vocab_size << ")";
}

torch::Tensor LlamaImpl::forward(const torch::Tensor& ids, KVCache* cache) {
  require_shape(ids, "ids", {kAny, kAny});
  if (ids.numel() == 0) throw OptionError(fmt::format("ids are {}: there are none", describe(ids)));
  const auto sequences = Sequences::rectangle(ids.size(0), ids.size(1));
  std::vector<std::int64_t> rows;
  if (cache != nullptr) {
    require(std::ssize(cache->lengths()) == ids.size(0), "the number of rows of the KV cache",
            cache->lengths().size(), fmt::format("be that of ids, {}", ids.size(0)));
    rows.resize(cache->lengths().size());
    std::iota(rows.begin(), rows.end(), 0);
  }
  return run(embed(ids.flatten(), sequences), sequences, cache, rows)
      .unflatten(0, {ids.size(0), ids.size(1)});
}

torch::Tensor LlamaImpl::forward_packed(const torch::Tensor& ids, const Sequences& sequences) {
  return run(embed(ids, sequences), sequences);
}

torch::Tensor LlamaImpl::forward_packed(const torch::Tensor& ids, const Sequences& sequences,
                                        KVCache& cache, std::span<const std::int64_t> rows) {
  return run(embed(ids, sequences), sequences, &cache, rows);
}

torch::Tensor LlamaImpl::forward_embedded(const torch::Tensor& embeddings,
                                          const Sequences& sequences) {
  require_shape(embeddings, "embeddings", {sequences.n_tokens(), config_.dim});
  require_device(embeddings, "embeddings", device());
  return run(embeddings, sequences);
}

torch::Tensor LlamaImpl::forward_last(const torch::Tensor& ids, const Sequences& sequences) {
  return run(embed(ids, sequences), sequences, nullptr, {}, /*last_only=*/true);
}

torch::Tensor LlamaImpl::embed(const torch::Tensor& ids, const Sequences& sequences) {
  require_shape(ids, "ids", {sequences.n_tokens()});
  return tok_embeddings(ids);
}

torch::Tensor LlamaImpl::run(const torch::Tensor& embeddings, const Sequences& sequences,
                             KVCache* cache, std::span<const std::int64_t> rows, bool last_only) {
  std::optional<CachePlaces> places;
  if (cache != nullptr) {
    if (config_.attention != AttentionKind::causal) {
      throw OptionError(
          "a KV cache needs causal attention: under full attention a new token changes all earlier "
          "states");
    }
    require_device(cache->layer(0).keys, "the KV cache", device());
    places = cache->places(config_, sequences, rows);
  }
  const auto n_virtual = n_virtual_tokens();
  require_positions(config_, n_virtual + (places ? places->longest() : sequences.longest()));
  const bool recompute = recompute_ && cache == nullptr;
  // Masks that are drawn a second time come from the pass's own generator.
  const DropoutScope scope(recompute && !dropout_generator().defined()
                               ? pass_generators(*this, 1).front()
                               : torch::Generator());
  const auto positions =
      (places ? places->positions() : sequences.positions(embeddings.device())) + n_virtual;
  auto x = embeddings;  // [N, D]
  if (!position_embeddings.is_empty()) x = x + position_embeddings(positions);
  x = dropout_(x);
  const auto frequencies = rotary_frequencies(config_);
  const AttentionContext context{
      .sequences = sequences,
      .rotations = frequencies.per_position.empty()
                       ? torch::Tensor()
                       : rotations(positions, frequencies, x.scalar_type()),
      .visible =
          places ? places->visible() : visible_positions(config_.attention, sequences, x.device()),
      .slopes = score_slopes(config_),
      .places = places};
  for (std::size_t i = 0; i < layers->size(); ++i) {
    DecoderLayer layer(std::dynamic_pointer_cast<DecoderLayerImpl>(layers[i]));
    const bool narrowed = last_only && i + 1 == layers->size();
    const auto& seen = narrowed ? context.for_last_tokens() : context;
    x = recompute && torch::GradMode::is_enabled()
            ? recomputed(layer, x, seen)
            : layer->forward(x, seen, cache == nullptr ? nullptr : &cache->layer(i));
  }
  if (cache != nullptr) cache->advance(*places);
  return norm(x);
}

}  // namespace minillama
