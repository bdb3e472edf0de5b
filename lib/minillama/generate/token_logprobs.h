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

/// Log-probabilities of `token` and of the `n` most probable tokens, of equal ones the first. Fewer
/// if there are fewer tokens.
TokenLogprobs token_logprobs(std::span<const float> logits, std::int64_t token, std::size_t n);

}  // namespace minillama
