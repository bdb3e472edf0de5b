#pragma once

#include <cstdint>

#include <torch/types.h>

#include "minillama/model/language_model.h"
#include "minillama/train/windows.h"

namespace minillama {

/// The objective of language modelling: the sum over a batch of windows of -log p(token | tokens
/// before it in its window), over all tokens of a window but its first.
///
/// @param rows [B, T + 1] int64
/// @return a scalar; `divisor` times smaller than the sum
/// Throws OptionError if the model is empty, `rows` have another shape or type or one id lies
/// outside the vocabulary, or the divisor is less than 1.
torch::Tensor language_modelling_loss(LanguageModel& model, const torch::Tensor& rows,
                                      std::int64_t divisor);

/// How well a model predicts a text.
struct LanguageModelFigures {
  double loss = 0;           ///< mean of -log p per token, in nats
  double perplexity = 0;     ///< exp(loss)
  double bits_per_byte = 0;  ///< loss / log 2 * tokens / bytes of the text; independent of tokens

  bool operator==(const LanguageModelFigures&) const = default;
};

/// Measures `model` on the first `max_windows` windows (0: all), in evaluation mode. Throws OptionError if the model is empty, the text has no such window or other ids
/// than the model, or max_windows is negative.
LanguageModelFigures evaluate_language_model(LanguageModel& model, const TokenFile& ids,
                                             std::int64_t window, std::int64_t max_windows);

}  // namespace minillama
