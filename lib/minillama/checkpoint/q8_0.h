#pragma once

// Not part of the public interface.

#include <torch/types.h>

#include "minillama/io/bytes.h"

namespace minillama {

// GGUF's blocks of 32 elements: a float16 scale d and 32 int8 q; an element is d q. Blocks run
// along the rows, whose length is a multiple of 32.

/// float32 of that shape.
torch::Tensor dequantize_q8_0(Bytes blocks, at::IntArrayRef shape);

/// x float32 -> [numel / 32, 34] uint8, with d = max |x| / 127 and q = round(x / d).
torch::Tensor quantize_q8_0(const torch::Tensor& x);

}  // namespace minillama
