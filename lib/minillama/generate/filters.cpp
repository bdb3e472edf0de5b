#include "minillama/generate/filters.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "minillama/core/check.h"

namespace minillama {
namespace {

void require_sum(double sum) {
  require(std::isfinite(sum) && sum > 0, "the sum of the probabilities", sum,
          "be positive and finite");
}

void scale_to_one(std::span<float> probabilities) {
  const double sum = std::accumulate(probabilities.begin(), probabilities.end(), 0.0);
  require_sum(sum);
  for (auto& p : probabilities) p = static_cast<float>(p / sum);
}

void drop_below(std::span<float> probabilities, double threshold) {
  const auto best = most_probable(probabilities);
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    const bool keep = probabilities[i] >= threshold || static_cast<std::int64_t>(i) == best;
    if (!keep) probabilities[i] = 0;
  }
  scale_to_one(probabilities);
}

/// Ids of the tokens that are possible at all, most probable first, the lower id first among
/// equals.
std::vector<std::size_t> by_probability(std::span<const float> probabilities) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    if (probabilities[i] > 0) order.push_back(i);
  }
  std::ranges::stable_sort(order,
                           [&](auto a, auto b) { return probabilities[a] > probabilities[b]; });
  return order;
}

void keep_first(std::span<float> probabilities, const std::vector<std::size_t>& order,
                std::size_t count) {
  for (std::size_t i = count; i < order.size(); ++i) probabilities[order[i]] = 0;
  scale_to_one(probabilities);
}

}  // namespace

void softmax(std::span<float> logits, double temperature) {
  require(std::isfinite(temperature) && temperature > 0, "temperature", temperature, "be positive");
  const float highest = logits[static_cast<std::size_t>(most_probable(logits))];
  double sum = 0;
  for (auto& logit : logits) {
    const double e = std::exp((static_cast<double>(logit) - highest) / temperature);
    logit = static_cast<float>(e);
    sum += e;
  }
  require_sum(sum);
  for (auto& p : logits) p = static_cast<float>(p / sum);
}

void keep_epsilon(std::span<float> probabilities, double epsilon) {
  require(epsilon >= 0 && epsilon <= 1, "epsilon", epsilon, "lie in [0, 1]");
  drop_below(probabilities, epsilon);
}

void keep_top_k(std::span<float> probabilities, std::int64_t k) {
  require(k >= 1, "top-k", k, "be at least 1");
  keep_first(probabilities, by_probability(probabilities), static_cast<std::size_t>(k));
}

void keep_top_p(std::span<float> probabilities, double p) {
  require(p > 0 && p <= 1, "top-p", p, "lie in (0, 1]");
  const auto order = by_probability(probabilities);
  double sum = 0;
  std::size_t count = 0;
  while (count < order.size() && (count == 0 || sum < p)) sum += probabilities[order[count++]];
  keep_first(probabilities, order, count);
}

void keep_min_p(std::span<float> probabilities, double min_p) {
  require(min_p >= 0 && min_p <= 1, "min-p", min_p, "lie in [0, 1]");
  const float best = probabilities[static_cast<std::size_t>(most_probable(probabilities))];
  drop_below(probabilities, min_p * best);
}

std::int64_t most_probable(std::span<const float> values) {
  if (values.empty()) throw OptionError("there are no tokens to choose from");
  return std::ranges::max_element(values) - values.begin();
}

std::int64_t pick(std::span<const float> probabilities, double u) {
  if (probabilities.empty()) throw OptionError("there are no tokens to choose from");
  require(u >= 0 && u < 1, "u", u, "lie in [0, 1)");
  double sum = 0;
  std::int64_t last_possible = 0;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    if (probabilities[i] == 0) continue;
    sum += probabilities[i];
    last_possible = static_cast<std::int64_t>(i);
    if (u < sum) break;
  }
  return last_possible;  // also if rounding left the sum just below u
}

}  // namespace minillama
