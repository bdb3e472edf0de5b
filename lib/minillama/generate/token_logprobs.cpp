#include "minillama/generate/token_logprobs.h"

#include <algorithm>
#include <numeric>

#include "minillama/generate/distribution.h"

namespace minillama {

std::vector<TokenLogprob> most_probable_tokens(std::span<const float> logits, std::size_t n) {
  const double normalizer = log_normalizer(logits);
  std::vector<std::size_t> order(logits.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  n = std::min(n, order.size());
  std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(n),
                            [&](std::size_t a, std::size_t b) {
                              return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
                            });
  std::vector<TokenLogprob> top;
  for (const auto id : std::span(order).first(n)) {
    top.push_back({static_cast<std::int64_t>(id), double{logits[id]} - normalizer});
  }
  return top;
}

TokenLogprobs token_logprobs(std::span<const float> logits, std::int64_t token, std::size_t n) {
  const double logit = logits[static_cast<std::size_t>(token)];
  return {.logprob = logit - log_normalizer(logits), .top = most_probable_tokens(logits, n)};
}

}  // namespace minillama
