#pragma once

// Not part of the public interface: how attention arranges rows.

#include <torch/types.h>

#include "minillama/ops/sequences.h"

namespace minillama {

/// Tokens as attention wants them, head by head: [N, heads, Dh] -> [B, heads, T, Dh], zeros where
/// there is no token. One copy for float32 and bfloat16 on the CPU, LibTorch's operations
/// otherwise; a view if all sequences are of equal length.
torch::Tensor to_head_rows(const torch::Tensor& tokens, const Sequences& sequences);

/// The inverse, [B, heads, T, Dh] -> [N, heads, Dh].
torch::Tensor from_head_rows(const torch::Tensor& rows, const Sequences& sequences);

/// The same with LibTorch's operations, for any type and device.
torch::Tensor plain_to_head_rows(const torch::Tensor& tokens, const Sequences& sequences);
torch::Tensor plain_from_head_rows(const torch::Tensor& rows, const Sequences& sequences);

}  // namespace minillama
