#pragma once

// Not part of the public interface: layers that keep nothing for the backward pass.

#include "minillama/model/decoder_layer.h"

namespace minillama {

/// layer->forward(x, context), of which only x is kept for the backward pass: everything else is
/// computed once more there (Chen et al. 2016, arXiv:1604.06174). Values and gradients have the
/// same bits: dropout draws the same masks again, so within a DropoutScope it must be if any is
/// active (nn/dropout.h).
torch::Tensor recomputed(const DecoderLayer& layer, const torch::Tensor& x,
                         const AttentionContext& context);

}  // namespace minillama
