#include "minillama/generate/decoder.h"

#include <algorithm>
#include <vector>

#include "minillama/core/device.h"
#include "minillama/core/error.h"
#include "minillama/model/kv_cache.h"
#include "minillama/nn/mode_scope.h"

namespace minillama {
namespace {

/// Decodes with an engine.
class EngineDecoder : public Decoder {
 public:
  EngineDecoder(std::shared_ptr<const EngineModel> model, const DecoderSize& size)
      : engine_(std::move(model), size.sequences, static_cast<std::size_t>(size.capacity)) {}

  void append(std::span<const Continuation> continuations) override {
    engine_.append(continuations);
  }
  std::span<float> logits(std::size_t i) override { return engine_.logits(i); }
  void restart(std::size_t sequence) override { engine_.restart(sequence); }

 private:
  Engine engine_;
};

torch::Tensor to_row(std::span<const std::int64_t> ids, torch::Device device) {
  return torch::tensor(std::vector<std::int64_t>(ids.begin(), ids.end()), torch::kLong)
      .unsqueeze(0)
      .to(device);
}

/// Decoders that run the torch::nn model, for one sequence after the other.
class ModelDecoder : public Decoder {
 public:
  explicit ModelDecoder(LanguageModel& model)
      : model_(model),
        device_(model->llama->tok_embeddings->weight.device()),
        evaluating_(*model, Mode::evaluation) {}

  void append(std::span<const Continuation> continuations) override {
    const SerialLibTorch serial;
    const torch::NoGradGuard no_grad;
    logits_.clear();
    for (const Continuation& continuation : continuations) {
      const auto hidden = append_one(continuation).select(1, -1);
      logits_.push_back(model_->logits(hidden).flatten().to(torch::kCPU, torch::kFloat));
    }
  }
  std::span<float> logits(std::size_t i) override {
    return {logits_[i].data_ptr<float>(), static_cast<std::size_t>(logits_[i].numel())};
  }

 protected:
  /// The hidden states [1, T, D] of what is appended, and perhaps of what stands before it.
  virtual torch::Tensor append_one(const Continuation& continuation) = 0;

  torch::Tensor run(std::span<const std::int64_t> ids, KVCache* cache) {
    return model_->llama->forward(to_row(ids, device_), cache);
  }

  LanguageModel& model_;
  torch::Device device_;

 private:
  ModeScope evaluating_;
  std::vector<torch::Tensor> logits_;
};

class CachedDecoder : public ModelDecoder {
 public:
  CachedDecoder(LanguageModel& model, const DecoderSize& size)
      : ModelDecoder(model), capacity_(size.capacity) {
    for (std::size_t i = 0; i < size.sequences; ++i) caches_.push_back(empty_cache());
  }

  void restart(std::size_t sequence) override { caches_[sequence] = empty_cache(); }

 protected:
  torch::Tensor append_one(const Continuation& continuation) override {
    return run(continuation.ids, &caches_[continuation.sequence]);
  }

 private:
  KVCache empty_cache() const {
    return {model_->config(), 1, capacity_, model_->llama->tok_embeddings->weight.options()};
  }

  std::int64_t capacity_;
  std::vector<KVCache> caches_;
};

class RecomputingDecoder : public ModelDecoder {
 public:
  RecomputingDecoder(LanguageModel& model, const DecoderSize& size)
      : ModelDecoder(model), sequences_(size.sequences) {}

  void restart(std::size_t sequence) override { sequences_[sequence].clear(); }

 protected:
  torch::Tensor append_one(const Continuation& continuation) override {
    auto& sequence = sequences_[continuation.sequence];
    sequence.insert(sequence.end(), continuation.ids.begin(), continuation.ids.end());
    const auto longest = static_cast<std::size_t>(model_->config().max_seq_len);
    const std::span<const std::int64_t> all = sequence;
    return run(all.last(std::min(all.size(), longest)), nullptr);
  }

 private:
  std::vector<std::vector<std::int64_t>> sequences_;
};

/// A cropped context shifts every position, so nothing cached would stay right.
bool wants_cache(const GenerationOptions& options) {
  return options.use_cache && !options.crop_context;
}

}  // namespace

std::unique_ptr<Decoder> make_decoder(LanguageModel& model, const GenerationOptions& options,
                                      const DecoderSize& size) {
  if (!wants_cache(options) || model->config().attention != AttentionKind::causal) {
    return std::make_unique<RecomputingDecoder>(model, size);
  }
  if (options.use_engine && suits_engine(model)) {
    auto weights = std::make_shared<const EngineModel>(share_weights(model));
    return std::make_unique<EngineDecoder>(std::move(weights), size);
  }
  return std::make_unique<CachedDecoder>(model, size);
}

std::unique_ptr<Decoder> make_decoder(std::shared_ptr<const EngineModel> model,
                                      const GenerationOptions& options, const DecoderSize& size) {
  if (!wants_cache(options)) {
    throw OptionError(
        "weights of type q8_0 (--weights q8_0) need a cache: neither --no-cache nor "
        "--crop-context");
  }
  return std::make_unique<EngineDecoder>(std::move(model), size);
}

}  // namespace minillama
