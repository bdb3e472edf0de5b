#pragma once

// Not part of the public interface.

#include <span>

namespace minillama {

/// Eta sampling (Hewitt, Manning & Liang 2022, arXiv:2210.15191): drops tokens with a probability
/// below
///
///     min(epsilon, sqrt(epsilon) * exp(-entropy))
///
/// where `epsilon` lies in [0, 1]. If none reaches it, the most probable token stays. Throws as the
/// filters in generate/filters.h do.
void keep_eta(std::span<float> probabilities, double epsilon);

}  // namespace minillama
