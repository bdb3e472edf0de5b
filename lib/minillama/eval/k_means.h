#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace minillama {

struct KMeansOptions {
  std::size_t clusters = 2;
  std::size_t restarts = 5;      ///< from other beginnings; the best is kept
  std::size_t iterations = 100;  ///< of each, at most
  std::uint64_t seed = 1337;
};

/// Divides points into clusters so that the sum of the squared distances to the means of their
/// clusters is small: Lloyd's algorithm (1982), which begins with points that are chosen with
/// probabilities as their squared distances to those chosen before (k-means++, Arthur and
/// Vassilvitskii 2007).
///
/// @param points [points, dim]
/// @return the cluster of each point
/// Throws OptionError if there are fewer points than clusters, the sizes make no sense, or a
/// coordinate is not finite.
std::vector<std::size_t> k_means(std::span<const float> points, std::size_t dim,
                                 const KMeansOptions& options);

}  // namespace minillama
