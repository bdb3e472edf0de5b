#include "minillama/eval/divergence_curve.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "minillama/core/require.h"

namespace minillama {
namespace {

constexpr int kPoints = 25;
/// λ goes from here to one minus this.
constexpr double kLeastShare = 1e-6;

std::vector<double> normalized(std::span<const double> weights) {
  for (const double weight : weights) {
    require(weight >= 0 && std::isfinite(weight), "a weight of a distribution", weight,
            "be a number that is not negative");
  }
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  require(sum > 0, "the sum of a distribution's weights", sum, "be positive");
  std::vector<double> shares(weights.begin(), weights.end());
  for (double& share : shares) share /= sum;
  return shares;
}

/// KL(p | r), r positive wherever p is.
double divergence(std::span<const double> p, std::span<const double> r) {
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (p[i] > 0) sum += p[i] * std::log(p[i] / r[i]);
  }
  return sum;
}

}  // namespace

double divergence_curve_area(std::span<const double> p, std::span<const double> q, double scaling) {
  require(p.size() == q.size(), "the number of outcomes", q.size(),
          fmt::format("be that of the other distribution, {}", p.size()));
  const auto ps = normalized(p), qs = normalized(q);
  std::vector<double> r(p.size());
  double area = 0, last_x = 1, last_y = 0;
  const auto go_to = [&](double x, double y) {
    area += (last_x - x) * (last_y + y) / 2;
    last_x = x;
    last_y = y;
  };
  for (int k = 0; k < kPoints; ++k) {
    const double share = kLeastShare + (1 - 2 * kLeastShare) * k / (kPoints - 1);
    for (std::size_t i = 0; i < r.size(); ++i) r[i] = share * ps[i] + (1 - share) * qs[i];
    go_to(std::exp(-scaling * divergence(qs, r)), std::exp(-scaling * divergence(ps, r)));
  }
  go_to(0, 1);
  return area;
}

}  // namespace minillama
