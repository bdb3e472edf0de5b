#pragma once

#include <torch/torch.h>

namespace minillama {

/// x W^T without bias, for x [..., in] and weight W [out, in].
///
/// A single row without gradient, which is what decoding one token does, goes through a
/// matrix-vector product: it reads the weights two to four times as fast as the general product.
torch::Tensor apply_linear(const torch::Tensor& x, const torch::Tensor& weight);

/// A linear map without bias, y = x W^T.
///
/// Unlike torch::nn::Linear it draws no random numbers when it is made: its weight is uninitialised
/// until normal_() or a checkpoint fills it.
class LinearImpl : public torch::nn::Module {
 public:
  LinearImpl(std::int64_t in_features, std::int64_t out_features);

  /// x [..., in] -> [..., out]
  torch::Tensor forward(const torch::Tensor& x);

  torch::Tensor weight;  ///< [out, in]
};
TORCH_MODULE(Linear);

}  // namespace minillama
