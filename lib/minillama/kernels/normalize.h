#pragma once

#include <cstddef>

#include "minillama/kernels/dispatch.h"

namespace minillama::kernels {

/// y = (x - mean(x)) / sqrt(var(x) + eps) * gain + bias over `size` elements, with the population
/// variance. y may be x. Ba, Kiros & Hinton 2016, arXiv:1607.06450.
void layer_norm(Isa isa, std::size_t size, const float* x, const float* gain, const float* bias,
                float eps, float* y);

/// y = x / sqrt(mean(x^2) + eps) * gain over `size` elements. y may be x. Zhang & Sennrich 2019,
/// arXiv:1910.07467.
void rms_norm(Isa isa, std::size_t size, const float* x, const float* gain, float eps, float* y);

}  // namespace minillama::kernels
