#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace minillama {

/// A token and its log-probability, natural.
struct TokenLogprob {
  std::int64_t token = 0;
  double logprob = 0;
};

/// What a model thought when a token was chosen: log p = logit − log Σ exp(logits), by the logits
/// as the model gives them, ahead of every processor, of temperature and filters.
struct TokenLogprobs {
  double logprob = 0;             ///< of the token that was chosen
  std::vector<TokenLogprob> top;  ///< the most probable tokens, the best first
};

/// The `n` tokens with the largest of the logits [V], the best first, of equal ones the first;
/// fewer if there are fewer.
std::vector<TokenLogprob> most_probable_tokens(std::span<const float> logits, std::size_t n);

/// Log-probabilities of `token`, one of the logits' [V], and of the `n` most probable tokens.
TokenLogprobs token_logprobs(std::span<const float> logits, std::int64_t token, std::size_t n);

}  // namespace minillama
