#include "minillama/model/module_decoder.h"

#include <utility>

#include "minillama/core/check.h"
#include "minillama/core/device.h"
#include "minillama/generate/token_sequences.h"
#include "minillama/model/kv_cache.h"
#include "minillama/model/module_weights.h"
#include "minillama/nn/mode_scope.h"

namespace minillama {
namespace {

torch::Tensor to_row(std::span<const std::int64_t> ids, torch::Device device) {
  return torch::tensor(std::vector<std::int64_t>(ids.begin(), ids.end()), torch::kLong)
      .unsqueeze(0)
      .to(device);
}

/// Decoders that run the torch::nn model, for one sequence after the other.
class ModelDecoder : public Decoder {
 public:
  explicit ModelDecoder(LanguageModel model)
      : model_(std::move(model)),
        device_(model_->llama->tok_embeddings->weight.device()),
        evaluating_(*model_, Mode::evaluation) {}

  void append(std::span<const Continuation> continuations) override {
    const SerialLibTorch serial;
    const torch::NoGradGuard no_grad;
    logits_.clear();
    for (const Continuation& continuation : continuations) {
      const std::size_t n = continuation.n_logits;
      require_below(n, "the number of a continuation's logits", continuation.ids.size() + 1);
      const auto hidden = append_one(continuation).squeeze(0);
      const auto last = hidden.slice(0, hidden.size(0) - static_cast<std::int64_t>(n));
      logits_.push_back(n == 0 ? torch::empty({0})
                               : model_->logits(last).flatten().to(torch::kCPU, torch::kFloat));
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

  LanguageModel model_;
  torch::Device device_;

 private:
  ModeScope evaluating_;
  std::vector<torch::Tensor> logits_;
};

class CachedDecoder : public ModelDecoder {
 public:
  CachedDecoder(const LanguageModel& model, const DecoderSize& size)
      : ModelDecoder(model), capacity_(size.capacity) {
    for (std::size_t i = 0; i < size.sequences; ++i) caches_.push_back(empty_cache());
  }

  void copy(std::size_t from, std::size_t to) override { cache(to).copy_from(cache(from)); }
  void truncate(std::size_t sequence, std::size_t length) override {
    cache(sequence).truncate(static_cast<std::int64_t>(length));
  }

 protected:
  torch::Tensor append_one(const Continuation& continuation) override {
    return run(continuation.ids, &cache(continuation.sequence));
  }

 private:
  KVCache& cache(std::size_t sequence) {
    require_below(sequence, "sequence", caches_.size());
    return caches_[sequence];
  }
  KVCache empty_cache() const {
    return {model_->config(), 1, capacity_, model_->llama->tok_embeddings->weight.options()};
  }

  std::int64_t capacity_;
  std::vector<KVCache> caches_;
};

class RecomputingDecoder : public ModelDecoder {
 public:
  RecomputingDecoder(const LanguageModel& model, const DecoderSize& size)
      : ModelDecoder(model), sequences_(size.sequences, model->config().max_seq_len) {}

  void copy(std::size_t from, std::size_t to) override { sequences_.copy(from, to); }
  void truncate(std::size_t sequence, std::size_t length) override {
    sequences_.truncate(sequence, length);
  }

 protected:
  torch::Tensor append_one(const Continuation& continuation) override {
    return run(sequences_.append(continuation), nullptr);
  }

 private:
  TokenSequences sequences_;
};

}  // namespace

DecoderSource decoder_source(LanguageModel model) {
  require_module(model, "the language model");
  const auto make = [model](const GenerationOptions& options,
                            const DecoderSize& size) mutable -> std::unique_ptr<Decoder> {
    if (!wants_cache(options, model->config())) {
      return std::make_unique<RecomputingDecoder>(model, size);
    }
    if (options.use_engine && suits_engine(model)) {
      return decoder_source(std::make_shared<const Weights>(weights_of(model))).make(options, size);
    }
    return std::make_unique<CachedDecoder>(model, size);
  };
  return {.config = model->config(), .make = make};
}

Generation generate(LanguageModel& model, std::span<const std::int64_t> prompt,
                    const GenerationOptions& options, std::span<const std::int64_t> stop_ids,
                    const std::function<bool(std::int64_t)>& on_token) {
  return generate(decoder_source(model), prompt, options, stop_ids, on_token);
}

std::vector<Generation> generate_batch(LanguageModel& model, const Prompts& prompts,
                                       const GenerationOptions& options,
                                       std::span<const std::int64_t> stop_ids) {
  return generate_batch(decoder_source(model), prompts, options, stop_ids);
}

}  // namespace minillama
