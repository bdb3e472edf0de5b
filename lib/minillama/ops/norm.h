#pragma once

#include <torch/types.h>

namespace minillama {

/// Layer normalisation (Ba, Kiros & Hinton 2016, arXiv:1607.06450):
///
///     y = (x - mean(x)) / sqrt(var(x) + eps) * weight + bias
///
/// over the last dimension, with the population variance.
///
/// @param x [..., D]
/// @param weight, bias [D]
/// @return [..., D]; of the type of x; in mixed precision (ops/precision.h) bfloat16. Statistics
///         are float32 for half types.
/// Throws OptionError on other shapes, or on different devices.
torch::Tensor layer_norm(const torch::Tensor& x, const torch::Tensor& weight,
                         const torch::Tensor& bias, double eps);

/// Root-mean-square normalisation (Zhang & Sennrich 2019, arXiv:1910.07467):
///
///     y = x / sqrt(mean(x^2) + eps) * weight
///
/// over the last dimension.
///
/// @param x [..., D]
/// @param weight [D]
/// @return [..., D]; of the type that layer_norm() says
/// Throws OptionError on other shapes, or on different devices.
torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& weight, double eps);

/// What norms ask of their arguments before memory is touched: a gain [D], and a last dimension D
/// of `x` on its device. Throws OptionError.
void require_norm_arguments(const torch::Tensor& x, const torch::Tensor& weight);

/// `x` in the type in which statistics are taken: float32 for half types, else unchanged.
torch::Tensor to_statistics_type(const torch::Tensor& x);

}  // namespace minillama
