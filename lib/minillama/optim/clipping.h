#pragma once

#include <vector>

#include <torch/types.h>

namespace minillama {

/// The L2 norm of all gradients of `parameters` as one vector; parameters without one are left out.
/// Summed in double, in an order that does not depend on the number of threads. Throws OptionError
/// if a parameter is undefined.
double grad_norm(const std::vector<torch::Tensor>& parameters);

/// What gradients of global norm `norm` are multiplied with so that it becomes at most `max_norm`:
/// min(1, max_norm / (norm + 1e-6)), as in PyTorch's clip_grad_norm_. NaN stays NaN. Throws
/// OptionError if `norm` is negative, or `max_norm` negative or NaN.
/// Pascanu et al. 2013, https://arxiv.org/abs/1211.5063
double clip_coefficient(double norm, double max_norm);

}  // namespace minillama
