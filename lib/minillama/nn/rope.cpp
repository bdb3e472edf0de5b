#include "minillama/nn/rope.h"

#include "minillama/nn/norm.h"

namespace minillama {

torch::Tensor rotations(const torch::Tensor& positions, std::int64_t head_dim, double theta,
                        torch::ScalarType type) {
  const auto real = type == torch::kDouble ? torch::kDouble : torch::kFloat;
  const auto options = torch::TensorOptions().device(positions.device());
  const auto exponents = torch::arange(0, head_dim, 2, options.dtype(torch::kDouble)) / head_dim;
  const auto frequencies = torch::pow(theta, -exponents).to(real);
  const auto angles = positions.to(real).unsqueeze(-1) * frequencies;  // [N, Dh / 2]
  return torch::polar(torch::ones_like(angles), angles).unsqueeze(1);
}

torch::Tensor apply_rotary(const torch::Tensor& x, const torch::Tensor& rotations) {
  const auto pairs = to_statistics_type(x).unflatten(-1, {x.size(-1) / 2, 2});
  const auto rotated = torch::view_as_complex(pairs.contiguous()) * rotations;
  return torch::view_as_real(rotated).flatten(-2).to(x.scalar_type());
}

}  // namespace minillama
