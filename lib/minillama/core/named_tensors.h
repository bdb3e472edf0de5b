#pragma once

#include <string>
#include <utility>
#include <vector>

#include <torch/nn/cloneable.h>

namespace minillama {

/// Tensors under their names, in the order of a file or of a module.
using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

/// The parameters of a module under their full names. They share memory with it.
NamedTensors parameters_of(const torch::nn::Module& module);

}  // namespace minillama
