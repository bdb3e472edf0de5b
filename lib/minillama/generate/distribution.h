#pragma once

// Not part of the public interface: what filters and searches are made of.

#include <array>
#include <cstddef>
#include <functional>
#include <numeric>
#include <span>

namespace minillama {

/// The sum of term(x) over the values, in several sums, which do not wait for each other.
template <typename Term = std::identity>
double sum_of(std::span<const float> values, Term term = {}) {
  constexpr std::size_t kSums = 8;
  std::array<double, kSums> sums{};
  std::size_t i = 0;
  for (; i + kSums <= values.size(); i += kSums) {
    for (std::size_t k = 0; k < kSums; ++k) sums[k] += term(values[i + k]);
  }
  for (; i < values.size(); ++i) sums[0] += term(values[i]);
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

/// log of the sum of exp(logit): log p(token) is the token's logit less this.
double log_normalizer(std::span<const float> logits);

/// The Shannon entropy in nats. Throws OptionError if the probabilities have no positive, finite
/// sum.
double entropy(std::span<const float> probabilities);

/// Throws OptionError unless the sum of probabilities is positive and finite.
void require_sum(double sum);

/// Divides by the sum, which must be that of the numbers. Throws like require_sum().
void scale(std::span<float> probabilities, double sum);

/// Scales so that they add up to 1. Throws like require_sum().
void scale_to_one(std::span<float> probabilities);

/// Drops probabilities below the threshold, but not the largest one.
void drop_below(std::span<float> probabilities, double threshold);

}  // namespace minillama
