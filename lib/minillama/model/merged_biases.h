#pragma once

// Not part of the public interface: biases that merged adapters give to linears of a model whose
// config has none.

#include <string_view>

#include "minillama/core/model_config.h"
#include "minillama/core/named_tensors.h"

namespace minillama {

/// Throws OptionError if the linear of that full name is one that no config gives a bias
/// (MatrixPart::has_bias), so that a model with one could not be stored.
void require_place_for_bias(std::string_view linear);

/// Makes `config` say which linears have a bias among `parameters`, those of a Llama, and returns
/// them with biases of 0 for the linears that must have one then. Throws OptionError as
/// require_place_for_bias() does.
NamedTensors with_declared_biases(NamedTensors parameters, ModelConfig& config);

}  // namespace minillama
