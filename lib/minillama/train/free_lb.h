#pragma once

#include <cstdint>
#include <memory>

#include "minillama/train/cross_entropy.h"

namespace minillama {

/// What FreeLB may be told.
struct FreeLbOptions {
  std::int64_t steps = 3;  ///< K, at least 1
  double step_size = 0.1;  ///< alpha
  double radius = 0.3;     ///< epsilon, positive
  CrossEntropyOptions cross_entropy = {};
  std::uint64_t seed = 0;  ///< of the first perturbation
};

/// FreeLB (Zhu et al. 2020, arXiv:1909.11764, algorithm 1): the mean of the cross-entropies on the
/// way to a worse place around each example,
///
///     1 / K sum_(t < K) ce(f(x + d_t))
///     d_0 = uniform(-epsilon, epsilon) / sqrt(n),  d_(t+1) = P(d_t + alpha g_t / |g_t|)
///
/// with x the embeddings of a sequence's tokens, n the count of their numbers, g_t the gradient of
/// the t-th term with respect to d_t, |.| the norm over all numbers of a sequence, and P the
/// projection onto |d| <= epsilon. What is pushed up and down comes from one backward pass. All K
/// passes of a step have the same dropout masks (section 3.3). With K = 1 it is the cross-entropy
/// under noise.
///
/// Throws OptionError if an option cannot be used.
std::shared_ptr<Objective> free_lb(const FreeLbOptions& options = {});

}  // namespace minillama
