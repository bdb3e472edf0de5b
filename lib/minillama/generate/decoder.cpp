#include "minillama/generate/decoder.h"

#include <algorithm>
#include <vector>

#include "minillama/model/kv_cache.h"

namespace minillama {
namespace {

torch::Tensor to_row(std::span<const std::int64_t> ids, torch::Device device) {
  return torch::tensor(std::vector<std::int64_t>(ids.begin(), ids.end()), torch::kLong)
      .unsqueeze(0)
      .to(device);
}

/// Decoders that run the torch::nn model.
class ModelDecoder : public Decoder {
 public:
  explicit ModelDecoder(LanguageModel& model)
      : model_(model), device_(model->llama->tok_embeddings->weight.device()) {}

 protected:
  /// Runs the model over `ids` and keeps the last position's logits.
  std::span<float> run(std::span<const std::int64_t> ids, KVCache* cache) {
    const torch::NoGradGuard no_grad;
    const auto hidden = model_->llama->forward(to_row(ids, device_), cache);
    logits_ = model_->logits(hidden.select(1, -1)).flatten().to(torch::kCPU, torch::kFloat);
    return {logits_.data_ptr<float>(), static_cast<std::size_t>(logits_.numel())};
  }

  LanguageModel& model_;
  torch::Device device_;

 private:
  torch::Tensor logits_;
};

class CachedDecoder : public ModelDecoder {
 public:
  CachedDecoder(LanguageModel& model, std::int64_t capacity)
      : ModelDecoder(model),
        cache_(model->config(), 1, capacity, model->llama->tok_embeddings->weight.options()) {}

  std::span<float> append(std::span<const std::int64_t> ids) override { return run(ids, &cache_); }

 private:
  KVCache cache_;
};

class RecomputingDecoder : public ModelDecoder {
 public:
  using ModelDecoder::ModelDecoder;

  std::span<float> append(std::span<const std::int64_t> ids) override {
    sequence_.insert(sequence_.end(), ids.begin(), ids.end());
    const auto longest = static_cast<std::size_t>(model_->config().max_seq_len);
    const std::span<const std::int64_t> all = sequence_;
    return run(all.last(std::min(all.size(), longest)), nullptr);
  }

 private:
  std::vector<std::int64_t> sequence_;
};

}  // namespace

std::unique_ptr<Decoder> make_decoder(LanguageModel& model, const GenerationOptions& options,
                                      std::int64_t capacity) {
  // A cropped context shifts every position, so nothing cached would stay right.
  const bool cached = options.use_cache && !options.crop_context &&
                      model->config().attention == AttentionKind::causal;
  if (cached) return std::make_unique<CachedDecoder>(model, capacity);
  return std::make_unique<RecomputingDecoder>(model);
}

}  // namespace minillama
