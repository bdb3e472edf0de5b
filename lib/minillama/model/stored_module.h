#pragma once

// Not part of the public interface: the way of a stored model into a module and back.

#include "minillama/checkpoint/stored_model.h"
#include "minillama/core/named_tensors.h"
#include "minillama/model/language_model.h"

namespace minillama {

/// `parameters`, which are those of `llama` and of what stands on it, as they are to be stored: as
/// `type`. Those that are of that type on the CPU share the parameters' memory. Adapters are stored
/// beside the weights, except that a model with a merged one is stored as what it computes: the
/// merged weights and no adapters. Throws OptionError as require_storable() does.
StoredModel to_stored(Llama& llama, const NamedTensors& parameters, torch::ScalarType type);

/// The same of a language model.
StoredModel to_stored(LanguageModel& model, torch::ScalarType type);

/// The parameters of a language model under the names of stories42M.pt, where the head is one of
/// the model's own: "output.weight", if it is not tied.
NamedTensors stored_parameters(LanguageModel& model);

/// Gives `llama` the adapters of `stored`, with weights still to be read.
void add_stored_adapters(Llama& llama, const StoredModel& stored,
                         const torch::Generator& generator);

}  // namespace minillama
