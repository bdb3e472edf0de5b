#pragma once

#include <cstdint>
#include <span>

#include <torch/types.h>

#include "minillama/model/classifier.h"

namespace minillama {

/// log p(label | sequence) of every sequence, in evaluation mode, which is undone, and without
/// gradients.
///
/// @param batch_size sequences that are padded together, in their order, under padded_last pooling;
///                   otherwise the batches are our own and make no difference
/// @param pad_id     what padding is made of
/// @return [number of sequences, L], float64 on the CPU
/// Throws OptionError if batch_size is less than 1, a sequence is empty or an id lies outside the
/// vocabulary.
torch::Tensor label_log_probabilities(Classifier& model, std::span<const TokenIds> sequences,
                                      std::int64_t batch_size, std::int64_t pad_id);

}  // namespace minillama
