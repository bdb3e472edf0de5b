#pragma once

// Not part of the public interface: models whose matrices are not trained.

#include "minillama/checkpoint/stored_model.h"
#include "minillama/core/named_tensors.h"
#include "minillama/model/language_model.h"

namespace minillama {

/// Gives `model` the tensors of `stored`: norms and biases as parameters, matrices frozen where
/// they lie in the file or, unless `format` is null, converted to it. Throws FileError unless the
/// tensors are those of the model, or if there are adapters among them; OptionError if the model is
/// not on the CPU.
void assign_frozen(LanguageModel& model, const StoredModel& stored, const WeightFormat* format);

/// The bytes of the frozen matrices of the modules in `module`, by the names of the weights that
/// they stand for.
NamedTensors frozen_bytes(const torch::nn::Module& module);

}  // namespace minillama
