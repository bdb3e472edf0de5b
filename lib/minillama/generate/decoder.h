#pragma once

// Not part of the public interface: what generate() asks for logits.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "minillama/engine/engine.h"
#include "minillama/generate/generation_options.h"
#include "minillama/model/language_model.h"

namespace minillama {

/// Gives, for sequences that grow at their ends, the logits of the tokens that follow.
class Decoder {
 public:
  virtual ~Decoder() = default;

  /// Appends to some of the sequences, given in increasing order.
  virtual void append(std::span<const Continuation> continuations) = 0;

  /// The logits [V] after the last id of the i-th continuation of the latest append(). They are the
  /// caller's to overwrite and valid until the next call.
  virtual std::span<float> logits(std::size_t i) = 0;

  /// Makes a sequence empty.
  virtual void restart(std::size_t sequence) = 0;
};

/// How many sequences a decoder keeps, and how long the longest may get.
struct DecoderSize {
  std::size_t sequences = 1;
  std::int64_t capacity = 0;
};

/// The decoder for this model and these options: an engine for the models that it computes, else
/// the model itself, with a KV cache for causal models or by running over the whole sequence again
/// for every token. The model must outlive the decoder.
std::unique_ptr<Decoder> make_decoder(LanguageModel& model, const GenerationOptions& options,
                                      const DecoderSize& size);

/// The decoder for a model that is laid out for an engine already. Throws OptionError if the
/// options ask for decoding without a cache.
std::unique_ptr<Decoder> make_decoder(std::shared_ptr<const EngineModel> model,
                                      const GenerationOptions& options, const DecoderSize& size);

}  // namespace minillama
