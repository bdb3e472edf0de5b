#pragma once

#include <span>

namespace minillama {

/// How near two distributions are, from 0 (nothing in common) to 1 (equal): the area under the
/// curve of the points
///
///     (exp(-c KL(q | r)), exp(-c KL(p | r))),  r = λ p + (1 - λ) q,  0 < λ < 1
///
/// which goes from (0, 1) to (1, 0): of what p has and q lacks, and the other way round. MAUVE
/// (Pillutla et al. 2021, arXiv:2102.01454), with its 25 values of λ.
///
/// @param p, q    weights of the same outcomes, which are divided by their sums
/// @param scaling c
/// Throws OptionError if their numbers differ, a weight is negative or not finite, or all are 0.
double divergence_curve_area(std::span<const double> p, std::span<const double> q,
                             double scaling = 5);

}  // namespace minillama
