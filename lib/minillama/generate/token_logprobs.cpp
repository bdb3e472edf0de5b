#include "minillama/generate/token_logprobs.h"

#include <algorithm>
#include <numeric>

#include "minillama/generate/distribution.h"

namespace minillama {

TokenLogprobs token_logprobs(std::span<const float> logits, std::int64_t token, std::size_t n) {
  const double normalizer = log_normalizer(logits);
  const auto logprob = [&](std::size_t id) { return double{logits[id]} - normalizer; };
  std::vector<std::size_t> order(logits.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  n = std::min(n, order.size());
  std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(n),
                            [&](std::size_t a, std::size_t b) {
                              return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
                            });
  TokenLogprobs out{.logprob = logprob(static_cast<std::size_t>(token))};
  for (const auto id : std::span(order).first(n)) {
    out.top.push_back({static_cast<std::int64_t>(id), logprob(id)});
  }
  return out;
}

}  // namespace minillama
