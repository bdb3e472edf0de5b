#include "minillama/generate/decoder.h"

#include <algorithm>
#include <vector>

#include "minillama/core/error.h"

namespace minillama {
namespace {

class EngineDecoder : public Decoder {
 public:
  EngineDecoder(std::shared_ptr<const Weights> weights, const DecoderSize& size)
      : engine_(std::move(weights), size.sequences, static_cast<std::size_t>(size.capacity)) {}

  void append(std::span<const Continuation> continuations) override {
    engine_.append(continuations);
  }
  std::span<float> logits(std::size_t i) override { return engine_.logits(i); }
  void restart(std::size_t sequence) override { engine_.restart(sequence); }

 private:
  Engine engine_;
};

/// Computes the last max_seq_len tokens of a sequence anew each time.
class RecomputingDecoder : public Decoder {
 public:
  RecomputingDecoder(const std::shared_ptr<const Weights>& weights, const DecoderSize& size)
      : longest_(static_cast<std::size_t>(weights->config.max_seq_len)),
        engine_(weights, size.sequences, longest_),
        sequences_(size.sequences) {}

  void append(std::span<const Continuation> continuations) override {
    std::vector<Continuation> whole;
    for (const auto& [sequence, ids] : continuations) {
      auto& all = sequences_[sequence];
      all.insert(all.end(), ids.begin(), ids.end());
      const std::span<const std::int64_t> known = all;
      whole.push_back({sequence, known.last(std::min(known.size(), longest_))});
      engine_.restart(sequence);
    }
    engine_.append(whole);
  }
  std::span<float> logits(std::size_t i) override { return engine_.logits(i); }
  void restart(std::size_t sequence) override { sequences_[sequence].clear(); }

 private:
  std::size_t longest_;
  Engine engine_;
  std::vector<std::vector<std::int64_t>> sequences_;
};

}  // namespace

bool wants_cache(const GenerationOptions& options, const ModelConfig& config) {
  return options.use_cache && !options.crop_context && config.attention == AttentionKind::causal;
}

DecoderSource decoder_source(std::shared_ptr<const Weights> weights) {
  if (!weights) throw OptionError("there are no weights to decode with");
  const auto& config = weights->config;
  return {.config = config,
          .make = [weights](const GenerationOptions& options,
                            const DecoderSize& size) -> std::unique_ptr<Decoder> {
            if (wants_cache(options, weights->config)) {
              return std::make_unique<EngineDecoder>(weights, size);
            }
            return std::make_unique<RecomputingDecoder>(weights, size);
          }};
}

}  // namespace minillama
