#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/generate/text_generator.h"
#include "minillama/text/token_ids.h"

namespace minillama {

/// How probable a language model finds a text x_1 … x_n, given its first token:
///
///     log_probability = sum over i ≥ 2 of log p(x_i | x_1 … x_{i-1})
struct TextLikelihood {
  TokenIds tokens;               ///< x; BOS first, where the tokenizer puts it in front of a text
  std::vector<double> logprobs;  ///< of x_2 … x_n, natural logarithms
  double log_probability = 0;

  /// -log_probability / log 2 over the bytes of the text: what does not depend on the tokens.
  /// Undefined (NaN) for an empty text.
  double bits_per_byte(std::string_view text) const;
};

/// log p(x_i | x_1 … x_{i-1}) for i from 2 on, of every sequence x. Each goes through the model
/// once, and its answer does not depend on the others. Throws OptionError if the model is not
/// causal, or a sequence is empty, longer than max_seq_len or holds an id outside the vocabulary;
/// InputError if its weights are broken.
std::vector<std::vector<double>> token_log_probabilities(const DecoderSource& model,
                                                         std::span<const TokenIds> sequences);

/// The likelihood of each text by itself. An empty one without BOS has no tokens. Throws like the
/// above and like Tokenizer::encode(): a text that is longer than the model's context has no
/// likelihood under it.
std::vector<TextLikelihood> text_likelihoods(const TextGenerator& model,
                                             std::span<const std::string> texts);

}  // namespace minillama
