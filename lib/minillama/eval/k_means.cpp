#include "minillama/eval/k_means.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <utility>

#include "minillama/core/require.h"
#include "minillama/core/thread_pool.h"
#include "minillama/generate/uniform.h"

namespace minillama {
namespace {

/// Points that a thread looks at in a row.
constexpr std::int64_t kGrain = 32;

class KMeans {
 public:
  KMeans(std::span<const float> points, std::size_t dim, const KMeansOptions& options)
      : points_(points), dim_(dim), options_(options), size_(points.size() / dim) {}

  std::vector<std::size_t> run() {
    std::mt19937_64 random(options_.seed);
    std::vector<std::size_t> best;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < options_.restarts; ++i) {
      begin(random);
      for (std::size_t k = 0; k < options_.iterations; ++k) {
        move_centres();
        if (!assign()) break;
      }
      const double sum = std::accumulate(distances_.begin(), distances_.end(), 0.0);
      if (sum < least) best = clusters_, least = sum;
    }
    return best;
  }

 private:
  std::span<const float> point(std::size_t i) const { return points_.subspan(i * dim_, dim_); }

  /// Chooses points as centres.
  void begin(std::mt19937_64& random) {
    clusters_.assign(size_, size_);  // none
    distances_.assign(size_, 1);     // so that the first one is any
    centres_.assign(dim_ * options_.clusters, 0);
    for (n_centres_ = 0; n_centres_ < options_.clusters;) {
      const double sum = std::accumulate(distances_.begin(), distances_.end(), 0.0);
      double left = uniform(random) * sum;
      std::size_t chosen = 0;
      while (chosen + 1 < size_ && left >= distances_[chosen]) left -= distances_[chosen++];
      const auto from = point(chosen);
      for (std::size_t d = 0; d < dim_; ++d) {
        centres_[d * options_.clusters + n_centres_] = double{from[d]};
      }
      ++n_centres_;
      assign();
    }
  }

  /// Puts each point to the centre that is nearest, of equal ones the first. Whether one changed.
  bool assign() {
    const auto before = clusters_;
    parallel_for(std::ssize(clusters_), kGrain, [&](std::int64_t first, std::int64_t end) {
      std::vector<double> squares(n_centres_);
      for (auto i = static_cast<std::size_t>(first); std::cmp_less(i, end); ++i) {
        std::ranges::fill(squares, 0.0);
        const auto here = point(i);
        for (std::size_t d = 0; d < dim_; ++d) {
          const double* centres = &centres_[d * options_.clusters];
          for (std::size_t k = 0; k < squares.size(); ++k) {
            const double difference = double{here[d]} - centres[k];
            squares[k] += difference * difference;
          }
        }
        const auto nearest = std::ranges::min_element(squares);
        clusters_[i] = static_cast<std::size_t>(nearest - squares.begin());
        distances_[i] = *nearest;
      }
    });
    return clusters_ != before;
  }

  /// Makes each centre the mean of its points; one without any stays.
  void move_centres() {
    std::vector<double> sums(centres_.size());
    std::vector<std::size_t> counts(options_.clusters);
    for (std::size_t i = 0; i < size_; ++i) {
      const auto here = point(i);
      for (std::size_t d = 0; d < dim_; ++d) sums[d * options_.clusters + clusters_[i]] += here[d];
      ++counts[clusters_[i]];
    }
    for (std::size_t d = 0; d < dim_; ++d) {
      for (std::size_t k = 0; k < options_.clusters; ++k) {
        const auto at = d * options_.clusters + k;
        if (counts[k] > 0) centres_[at] = sums[at] / static_cast<double>(counts[k]);
      }
    }
  }

  std::span<const float> points_;
  std::size_t dim_;
  KMeansOptions options_;
  std::size_t size_;
  std::size_t n_centres_ = 0;
  std::vector<double> centres_;        // [dim, clusters], so that all are compared side by side
  std::vector<std::size_t> clusters_;  // of the points
  std::vector<double> distances_;      // of the points from their centres, squared
};

}  // namespace

std::vector<std::size_t> k_means(std::span<const float> points, std::size_t dim,
                                 const KMeansOptions& options) {
  require(dim >= 1 && points.size() % dim == 0, "the number of coordinates", points.size(),
          fmt::format("be a multiple of the dimension, {}", dim));
  require(options.clusters >= 1, "clusters", options.clusters, "be at least 1");
  require(options.restarts >= 1, "restarts", options.restarts, "be at least 1");
  require(points.size() / dim >= options.clusters, "the number of points", points.size() / dim,
          fmt::format("be at least that of clusters, {}", options.clusters));
  if (!std::ranges::all_of(points, [](float x) { return std::isfinite(x); })) {
    throw OptionError("a point that is to be clustered is not finite");
  }
  return KMeans(points, dim, options).run();
}

}  // namespace minillama
