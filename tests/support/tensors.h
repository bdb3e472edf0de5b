#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <torch/nn/cloneable.h>

#include "minillama/core/named_tensors.h"

namespace minillama::test {

using Fixture = std::map<std::string, torch::Tensor>;

/// All tensors of a file that Python's torch.save wrote from a dict or tuple of tensors.
Fixture load_fixture(const std::filesystem::path& path);

/// "" if the tensors have the same shape and |a - b| <= atol + rtol * |b| everywhere; else what the
/// largest violation is. For CHECK(difference(a, b, …) == "").
std::string difference(const torch::Tensor& a, const torch::Tensor& b, double rtol, double atol);

/// "" if both have the same tensors under the same names in the same order, bit for bit; else the
/// first name where they differ.
std::string first_difference(const NamedTensors& a, const NamedTensors& b);

/// The parameters of a module as they are now.
NamedTensors copy_of_parameters(const torch::nn::Module& module);

/// Compares the gradients of `function` with respect to each of `inputs` (float64) with central
/// finite differences, element by element: |g - g'| <= 1e-6 |g'| + 1e-9. The function's output is
/// contracted with fixed random weights, so that every output element matters. "" if they agree.
std::string gradient_difference(
    const std::function<torch::Tensor(const std::vector<torch::Tensor>&)>& function,
    std::vector<torch::Tensor> inputs);

/// The same for all parameters of a module (made float64), as `function` sees them change.
std::string parameter_gradient_difference(torch::nn::Module& module,
                                          const std::function<torch::Tensor()>& function);

}  // namespace minillama::test
