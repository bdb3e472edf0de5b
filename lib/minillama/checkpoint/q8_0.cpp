#include "minillama/checkpoint/q8_0.h"

namespace minillama {
namespace {

constexpr std::int64_t kElements = 32;
constexpr std::int64_t kScaleBytes = 2;

}  // namespace

torch::Tensor dequantize_q8_0(Bytes blocks, at::IntArrayRef shape) {
  const auto raw =
      torch::from_blob(const_cast<std::byte*>(blocks.data()),
                       {static_cast<std::int64_t>(blocks.size()) / (kScaleBytes + kElements),
                        kScaleBytes + kElements},
                       torch::kByte);
  const auto scales = raw.slice(1, 0, kScaleBytes).contiguous().view(torch::kHalf);  // [n, 1]
  const auto codes = raw.slice(1, kScaleBytes).contiguous().view(torch::kChar);      // [n, 32]
  return (codes.to(torch::kFloat) * scales.to(torch::kFloat)).view(shape);
}

torch::Tensor quantize_q8_0(const torch::Tensor& x) {
  const auto rows = x.contiguous().view({-1, kElements});
  const auto scales = std::get<0>(rows.abs().max(1, /*keepdim=*/true)) / 127;  // [n, 1]
  const auto inverse = torch::where(scales > 0, 1 / scales, torch::zeros_like(scales));
  // Halves away from 0, as the C function does.
  const auto scaled = rows * inverse;
  const auto codes = (torch::sign(scaled) * torch::floor(scaled.abs() + 0.5)).to(torch::kChar);
  return torch::cat({scales.to(torch::kHalf).view(torch::kByte), codes.view(torch::kByte)}, 1)
      .contiguous();
}

}  // namespace minillama
