#pragma once

#include <torch/nn/cloneable.h>

#include "minillama/nn/adapter.h"

namespace minillama::test {

/// A kind of adapter that the library does not have.
struct ScaleOptions {
  static constexpr std::string_view kKind = "scale";

  std::vector<std::string> targets = {"compute_key", "compute_value"};

  void validate() const {}
  std::vector<AdapterTensor> tensors(std::string_view /*linear*/) const {
    return {{.name = "l", .peft_name = "scale_l", .shape = {kMatrixRows}}};
  }
  void merge(std::string_view /*linear*/, const AdapterFloats& floats,
             const DenseMatrix& matrix) const {
    for (std::size_t i = 0; i < matrix.rows * matrix.cols; ++i) {
      matrix.weight[i] *= floats("l")[i / matrix.cols];
    }
  }
  bool operator==(const ScaleOptions&) const = default;
};

/// Scales every output: y = l * W x. Starts at l = 1.
class ScaleImpl : public Adapter, public torch::nn::Cloneable<ScaleImpl> {
 public:
  ScaleImpl(const torch::Tensor& weight, const ScaleOptions& options) : options_(options) {
    l = register_parameter("l", torch::ones({weight.size(0)}, weight.scalar_type()));
  }

  torch::Tensor forward(const torch::Tensor& /*x*/, const torch::Tensor& y,
                        const torch::Tensor& /*weight*/) override {
    return y * l;
  }
  torch::Tensor merged_weight(const torch::Tensor& weight) const override {
    return weight * l.unsqueeze(1);
  }
  void reset_parameters(const torch::Tensor& /*weight*/, torch::Generator /*generator*/) override {
    const torch::NoGradGuard no_grad;
    l.fill_(1);
  }
  AdapterOptions options() const override { return options_; }
  void reset() override { l = register_parameter("l", torch::empty_like(l), l.requires_grad()); }

  torch::Tensor l;  ///< [out]

 private:
  ScaleOptions options_;
};
TORCH_MODULE(Scale);

}  // namespace minillama::test
