#pragma once

// Not part of the public interface: the way of a stored model into a module and back.

#include "minillama/checkpoint/stored_model.h"
#include "minillama/core/named_tensors.h"
#include "minillama/model/classifier.h"
#include "minillama/model/language_model.h"

namespace minillama {

/// Throws OptionError naming the first of `parameters` that cannot be stored as `type`, or `type`
/// if that is none of real numbers.
void require_storable_as(torch::ScalarType type, const NamedTensors& parameters);

/// `parameters`, which are those of `llama` and of what stands on it, as they are to be stored: as
/// `type`. Those that are of that type on the CPU share the parameters' memory. Adapters are stored
/// beside the weights, except that a model with a merged one is stored as what it computes: the
/// merged weights and no adapters. Throws OptionError as require_storable_as() does.
StoredModel to_stored(Llama& llama, const NamedTensors& parameters, torch::ScalarType type);

/// The same of a language model.
StoredModel to_stored(LanguageModel& model, torch::ScalarType type);

/// The same of a classifier, whose head becomes StoredModel::head.
StoredModel to_stored(Classifier& model, torch::ScalarType type);

/// The parameters of a language model under the names of stories42M.pt, where the head is one of
/// the model's own: "output.weight", if it is not tied.
NamedTensors stored_parameters(LanguageModel& model);

/// Gives the head of `model` its stored tensors, which came from the file `path`; a bias that is
/// not among them becomes 0. Throws FileError as assign() does.
void assign_head(Classifier& model, const std::vector<TensorRecord>& head,
                 const std::filesystem::path& path);

/// Gives `llama` the adapters of `stored`, with weights still to be read.
void add_stored_adapters(Llama& llama, const StoredModel& stored,
                         const torch::Generator& generator);

}  // namespace minillama
