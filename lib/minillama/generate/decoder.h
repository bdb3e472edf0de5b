#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "minillama/generate/generation_options.h"
#include "minillama/model/language_model.h"

namespace minillama {

/// Gives, for a sequence that grows at its end, the logits of the token that follows.
class Decoder {
 public:
  virtual ~Decoder() = default;

  /// Appends `ids` (at least one) and returns the logits [V] after the last of them. They are the
  /// caller's to overwrite and valid until the next call.
  virtual std::span<float> append(std::span<const std::int64_t> ids) = 0;
};

/// The decoder for this model and these options: with a KV cache for causal models, by running over
/// the whole sequence again for every token otherwise. `capacity` is the longest sequence that will
/// be asked for. The model must outlive the decoder.
std::unique_ptr<Decoder> make_decoder(LanguageModel& model, const GenerationOptions& options,
                                      std::int64_t capacity);

}  // namespace minillama
