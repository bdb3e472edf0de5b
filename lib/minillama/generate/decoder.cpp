#include "minillama/generate/decoder.h"

#include <vector>

#include "minillama/core/error.h"
#include "minillama/generate/token_sequences.h"

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
  std::span<const float> states(std::size_t i) const override { return engine_.states(i); }
  void copy(std::size_t from, std::size_t to) override { engine_.copy(from, to); }
  void truncate(std::size_t sequence, std::size_t length) override {
    engine_.truncate(sequence, length);
  }

 private:
  Engine engine_;
};

/// Computes a sequence anew each time, of a cropped context the end that the model takes.
class RecomputingDecoder : public Decoder {
 public:
  RecomputingDecoder(const std::shared_ptr<const Weights>& weights,
                     const GenerationOptions& options, const DecoderSize& size)
      : engine_(weights, size.sequences,
                static_cast<std::size_t>(options.crop_context ? weights->config.max_seq_len
                                                              : size.capacity)),
        sequences_(size.sequences, seen_tokens(options, weights->config)) {}

  void append(std::span<const Continuation> continuations) override {
    std::vector<Continuation> whole;
    for (const Continuation& continuation : continuations) {
      const auto sequence = continuation.sequence;
      whole.push_back(continuation);
      whole.back().ids = sequences_.append(continuation);
      engine_.restart(sequence);
    }
    engine_.append(whole);
  }
  std::span<float> logits(std::size_t i) override { return engine_.logits(i); }
  std::span<const float> states(std::size_t i) const override { return engine_.states(i); }
  void copy(std::size_t from, std::size_t to) override { sequences_.copy(from, to); }
  void truncate(std::size_t sequence, std::size_t length) override {
    sequences_.truncate(sequence, length);
  }

 private:
  Engine engine_;
  TokenSequences sequences_;
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
            return std::make_unique<RecomputingDecoder>(weights, options, size);
          },
          .is_concurrent = true};
}

}  // namespace minillama
