#pragma once

#include <cstdint>
#include <memory>

#include "minillama/train/cross_entropy.h"

namespace minillama {

/// What SMART may be told. The defaults are the paper's (section 4.1).
struct SmartOptions {
  double weight = 1;        ///< lambda, of the smoothness term; 0: none
  double radius = 1e-5;     ///< epsilon, how far a number of the embeddings moves at most
  double noise = 1e-5;      ///< sigma, of the normal noise from which the search begins
  double step_size = 1e-3;  ///< eta, of a step of the search
  std::int64_t steps = 1;   ///< of the search
  double proximal = 1;      ///< mu, of the proximal term; 0: none
  double momentum = 0.99;   ///< beta, of the weights that it compares with, in (0, 1)
  CrossEntropyOptions cross_entropy = {};
  std::uint64_t seed = 0;  ///< of the noise
};

/// SMART (Jiang et al. 2020, arXiv:1911.03437, sections 3.1 and 3.2, algorithm 1 with one update a
/// step): the answer is not to change near the examples, nor all at once from step to step,
///
///     ce(f(x; w)) + lambda max_(|d| <= epsilon) l(f(x + d; w), f(x; w)) + mu l(f(x; w), f(x; w'))
///
/// with x the embeddings of the tokens, f the distribution over the labels, l the sum of the
/// divergences KL(P || Q) and KL(Q || P), |d| the largest absolute value, and w' the moving average
/// w' = (1 - beta) w + beta w' of the weights that are trained, taken before each step. The maximum
/// is sought by steps of gradient ascent from noise,
///
///     d = clamp(d + eta g / |g|, -epsilon, epsilon),  g the gradient of l with respect to d
///
/// where |g| is that of the sequence. All passes of a step have the same dropout masks. Weights of
/// examples count in all terms.
///
/// Throws OptionError if an option cannot be used.
std::shared_ptr<Objective> smart(const SmartOptions& options = {});

}  // namespace minillama
