#include "minillama/generate/filters.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <vector>

#include "minillama/core/require.h"
#include "minillama/generate/distribution.h"
#include "minillama/kernels/argmax.h"
#include "minillama/kernels/softmax.h"

namespace minillama {
namespace {

void require_tokens(std::span<const float> values) {
  if (values.empty()) throw OptionError("there are no tokens to choose from");
}

/// The least of the numbers that are kept, and how many that are equal to it: those with the lower
/// ids.
struct Least {
  float value;
  std::ptrdiff_t count;
};

void keep(std::span<float> probabilities, Least least) {
  for (auto& p : probabilities) {
    if (p < least.value || (p == least.value && least.count-- <= 0)) p = 0;
  }
  scale_to_one(probabilities);
}

/// Of the smallest set of largest numbers that reach the sum `wanted`. As a quickselect does, it
/// looks again only at the part that the least one is in: sorting a large vocabulary takes longer
/// than computing its logits.
Least least_of_sum(std::vector<float> numbers, double wanted) {
  double above = 0;  // of what is larger than all of [begin, end)
  auto begin = numbers.begin(), end = numbers.end();
  while (true) {
    const float pivot = begin[(end - begin) / 2];
    const auto equal = std::partition(begin, end, [&](float x) { return x > pivot; });
    const auto smaller = std::partition(equal, end, [&](float x) { return x == pivot; });
    const double larger = above + sum_of({begin, equal});
    if (larger >= wanted && equal != begin) {
      end = equal;
      continue;
    }
    const double needed = std::ceil((wanted - larger) / pivot);
    const auto count = static_cast<double>(smaller - equal);
    if (needed <= count || smaller == end) {
      return {pivot, static_cast<std::ptrdiff_t>(std::clamp(needed, 1.0, count))};
    }
    above = larger + count * pivot;
    begin = smaller;
  }
}

}  // namespace

void softmax(std::span<float> logits, double temperature) {
  require(std::isfinite(temperature) && temperature > 0, "temperature", temperature, "be positive");
  const float most = logits[static_cast<std::size_t>(most_probable(logits))];
  scale(logits, kernels::exponentials(kernels::best_isa(), logits.size(), most,
                                      static_cast<float>(1 / temperature), logits.data()));
}

void keep_epsilon(std::span<float> probabilities, double epsilon) {
  require(epsilon >= 0 && epsilon <= 1, "epsilon", epsilon, "lie in [0, 1]");
  drop_below(probabilities, epsilon);
}

void keep_top_k(std::span<float> probabilities, std::int64_t k) {
  require(k >= 1, "top-k", k, "be at least 1");
  require_tokens(probabilities);
  std::vector<float> top(std::min(static_cast<std::size_t>(k), probabilities.size()));
  std::ranges::partial_sort_copy(probabilities, top, std::ranges::greater());
  keep(probabilities, {top.back(), std::ranges::count(top, top.back())});
}

void keep_top_p(std::span<float> probabilities, double p) {
  require(p > 0 && p <= 1, "top-p", p, "lie in (0, 1]");
  require_tokens(probabilities);
  require_sum(sum_of(probabilities));
  std::vector<float> possible;
  std::ranges::copy_if(probabilities, std::back_inserter(possible), [](float x) { return x > 0; });
  keep(probabilities, least_of_sum(std::move(possible), p));
}

void keep_min_p(std::span<float> probabilities, double min_p) {
  require(min_p >= 0 && min_p <= 1, "min-p", min_p, "lie in [0, 1]");
  const float best = probabilities[static_cast<std::size_t>(most_probable(probabilities))];
  drop_below(probabilities, min_p * best);
}

std::int64_t most_probable(std::span<const float> values) {
  require_tokens(values);
  return static_cast<std::int64_t>(
      kernels::find_largest(kernels::best_isa(), values.size(), values.data()).index);
}

std::int64_t pick(std::span<const float> probabilities, double u) {
  require_tokens(probabilities);
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
