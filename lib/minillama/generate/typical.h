#pragma once

// Not part of the public interface.

#include <span>

namespace minillama {

/// Locally typical sampling (Meister et al. 2022, arXiv:2202.00666): keeps the smallest set of
/// tokens whose probabilities add up to at least `mass`, in (0, 1], of those whose surprise is
/// nearest to the entropy:
///
///     |-log(p) - entropy|     smallest first, of equal ones those with the lower ids
///
/// Throws as the filters in generate/filters.h do.
void keep_typical(std::span<float> probabilities, double mass);

}  // namespace minillama
