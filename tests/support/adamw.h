#pragma once

#include <vector>

#include <torch/types.h>

#include "minillama/optim/adamw.h"

namespace minillama::test {

constexpr AdamWVariant kAdamWVariants[] = {AdamWVariant::decoupled, AdamWVariant::cmu2025};

/// A matrix, a vector, nothing and a small tensor: the same numbers in every type.
std::vector<torch::Tensor> adamw_parameters(torch::ScalarType dtype = torch::kFloat);

/// Gives each parameter the gradient of that step, which is random.
void set_gradients(const std::vector<torch::Tensor>& parameters, int step);

/// The steps from `first` to `last`, each with its gradients.
void run_steps(AdamW& optimizer, const std::vector<torch::Tensor>& parameters, int first, int last);

/// Whether all values are the same.
bool equal(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>& b);

/// CHECKs that all values are, within a relative and absolute `tolerance`; types may differ.
void check_close(const std::vector<torch::Tensor>& actual,
                 const std::vector<torch::Tensor>& expected, double tolerance);

}  // namespace minillama::test
