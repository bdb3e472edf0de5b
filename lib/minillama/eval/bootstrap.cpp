#include "minillama/eval/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "minillama/core/require.h"
#include "minillama/generate/uniform.h"

namespace minillama {
namespace {

/// The value below which a share of the sorted numbers lies, by interpolation.
double quantile(std::span<const double> sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const auto above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

}  // namespace

Bootstrap::Bootstrap(std::size_t size, std::size_t resamples, std::uint64_t seed)
    : size_(size), resamples_(resamples), seed_(seed) {
  require(size >= 1, "the size of a sample", size, "be at least 1");
  require(resamples >= 1, "resamples", resamples, "be at least 1");
}

Estimate Bootstrap::estimate(
    const std::function<double(std::span<const std::size_t> sample)>& statistic) const {
  std::vector<std::size_t> sample(size_);
  std::iota(sample.begin(), sample.end(), std::size_t{0});
  Estimate estimate{.value = statistic(sample)};
  std::mt19937_64 random(seed_);
  for (std::size_t n = 0; n < resamples_; ++n) {
    for (auto& i : sample) {
      i = static_cast<std::size_t>(uniform(random) * static_cast<double>(size_));
    }
    estimate.replicates.push_back(statistic(sample));
  }
  return estimate;
}

Estimate combined(const Estimate& a, const Estimate& b,
                  const std::function<double(double, double)>& function) {
  require(a.replicates.size() == b.replicates.size(), "the number of replicates",
          b.replicates.size(), fmt::format("be that of the other figure, {}", a.replicates.size()));
  Estimate estimate{.value = function(a.value, b.value)};
  for (std::size_t i = 0; i < a.replicates.size(); ++i) {
    estimate.replicates.push_back(function(a.replicates[i], b.replicates[i]));
  }
  return estimate;
}

Interval interval(const Estimate& estimate) {
  auto sorted = estimate.replicates;
  const bool is_undefined =
      sorted.empty() || std::ranges::any_of(sorted, [](double x) { return std::isnan(x); });
  if (is_undefined) {
    constexpr auto kNone = std::numeric_limits<double>::quiet_NaN();
    return {kNone, kNone};
  }
  std::ranges::sort(sorted);
  return {2 * estimate.value - quantile(sorted, 0.975),
          2 * estimate.value - quantile(sorted, 0.025)};
}

}  // namespace minillama
