#include "minillama/model/module_decoder.h"

#include <utility>

#include "minillama/core/check.h"
#include "minillama/core/device.h"
#include "minillama/generate/token_sequences.h"
#include "minillama/model/kv_cache.h"
#include "minillama/model/module_weights.h"
#include "minillama/nn/mode_scope.h"
#include "minillama/ops/sequences.h"
#include "minillama/text/token_ids.h"

namespace minillama {
namespace {

/// Decoders that run the torch::nn model over all continuations of a call at once.
class ModelDecoder : public Decoder {
 public:
  explicit ModelDecoder(LanguageModel model)
      : model_(std::move(model)), evaluating_(*model_, Mode::evaluation) {}

  void append(std::span<const Continuation> continuations) override {
    const SerialLibTorch serial;
    const torch::NoGradGuard no_grad;
    for (const Continuation& continuation : continuations) {
      require_below(continuation.n_logits, "the number of a continuation's logits",
                    continuation.ids.size() + 1);
      require_below(continuation.n_states, "the number of a continuation's states",
                    continuation.ids.size() + 1);
    }
    const auto [hidden, sequences] = run(continuations);
    logits_ = {}, states_ = {};
    std::int64_t end = 0;
    for (std::size_t i = 0; i < continuations.size(); ++i) {
      end += sequences.lengths()[i];
      logits_.add(end, continuations[i].n_logits);
      states_.add(end, continuations[i].n_states);
    }
    if (!logits_.rows.empty()) logits_.values = to_floats(model_->logits(logits_.of(hidden)));
    if (!states_.rows.empty()) states_.values = to_floats(states_.of(hidden));
  }
  std::span<float> logits(std::size_t i) override { return logits_.of(i); }
  std::span<const float> states(std::size_t i) const override { return states_.of(i); }

 protected:
  struct States {
    torch::Tensor hidden;  // [N, D] of all tokens that were computed
    Sequences sequences;   // that they form, one for each continuation
  };

  /// Appends, and computes what ends with the appended tokens.
  virtual States run(std::span<const Continuation> continuations) = 0;

  /// Token ids for the model, on its device.
  torch::Tensor tensor(const TokenIds& ids) const {
    return torch::tensor(ids, torch::kLong).to(model_->llama->device());
  }

  LanguageModel model_;

 private:
  /// What is wanted of the last tokens of each continuation.
  struct Wanted {
    std::vector<std::int64_t> rows;  // of the hidden states
    std::vector<std::size_t> ends;   // of each continuation's among them
    torch::Tensor values;            // [rows, V or D]

    void add(std::int64_t end, std::size_t n) {
      for (auto k = static_cast<std::int64_t>(n); k > 0; --k) rows.push_back(end - k);
      ends.push_back(rows.size());
    }
    torch::Tensor of(const torch::Tensor& hidden) const {
      return hidden.index_select(0, torch::tensor(rows, torch::kLong).to(hidden.device()));
    }
    std::span<float> of(std::size_t i) const {
      require_below(i, "a continuation", ends.size());
      const auto begin = i == 0 ? 0 : ends[i - 1];
      if (begin == ends[i]) return {};
      const auto width = static_cast<std::size_t>(values.size(1));
      return {values.data_ptr<float>() + begin * width, (ends[i] - begin) * width};
    }
  };

  static torch::Tensor to_floats(const torch::Tensor& tensor) {
    return tensor.to(torch::kCPU, torch::kFloat).contiguous();
  }

  ModeScope evaluating_;
  Wanted logits_, states_;
};

class CachedDecoder : public ModelDecoder {
 public:
  CachedDecoder(const LanguageModel& model, const DecoderSize& size)
      : ModelDecoder(model),
        cache_(model_->config(), static_cast<std::int64_t>(size.sequences), size.capacity,
               model_->llama->options()) {}

  void copy(std::size_t from, std::size_t to) override { cache_.copy(row(from), row(to)); }
  void truncate(std::size_t sequence, std::size_t length) override {
    cache_.truncate(row(sequence), static_cast<std::int64_t>(length));
  }

 protected:
  States run(std::span<const Continuation> continuations) override {
    TokenIds all;
    std::vector<std::int64_t> lengths;
    std::vector<std::int64_t> rows;
    for (const Continuation& continuation : continuations) {
      all.insert(all.end(), continuation.ids.begin(), continuation.ids.end());
      lengths.push_back(std::ssize(continuation.ids));
      rows.push_back(row(continuation.sequence));
    }
    const Sequences sequences(lengths);
    return {model_->llama->forward_packed(tensor(all), sequences, cache_, rows), sequences};
  }

 private:
  std::int64_t row(std::size_t sequence) const {
    require_below(sequence, "sequence", cache_.lengths().size());
    return static_cast<std::int64_t>(sequence);
  }

  KVCache cache_;
};

class RecomputingDecoder : public ModelDecoder {
 public:
  RecomputingDecoder(const LanguageModel& model, const GenerationOptions& options,
                     const DecoderSize& size)
      : ModelDecoder(model), sequences_(size.sequences, seen_tokens(options, model->config())) {}

  void copy(std::size_t from, std::size_t to) override { sequences_.copy(from, to); }
  void truncate(std::size_t sequence, std::size_t length) override {
    sequences_.truncate(sequence, length);
  }

 protected:
  States run(std::span<const Continuation> continuations) override {
    TokenIds all;
    std::vector<std::int64_t> lengths;
    for (const Continuation& continuation : continuations) {
      const auto seen = sequences_.append(continuation);
      all.insert(all.end(), seen.begin(), seen.end());
      lengths.push_back(std::ssize(seen));
    }
    const Sequences sequences(lengths);
    return {model_->llama->forward_packed(tensor(all), sequences), sequences};
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
      return std::make_unique<RecomputingDecoder>(model, options, size);
    }
    if (options.use_engine && suits_engine(model)) {
      return decoder_source(std::make_shared<const Weights>(weights_of(model))).make(options, size);
    }
    return std::make_unique<CachedDecoder>(model, size);
  };
  auto config = model->config();
  config.max_seq_len = model->llama->max_tokens();
  return {.config = config, .make = make, .is_concurrent = suits_engine(model)};
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
