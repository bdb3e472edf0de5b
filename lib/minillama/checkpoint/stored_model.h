#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "minillama/core/model_config.h"
#include "minillama/core/named_tensors.h"
#include "minillama/io/tensor_record.h"
#include "minillama/model/classifier.h"
#include "minillama/model/language_model.h"
#include "minillama/nn/lora.h"

namespace minillama {

/// A model as it lies in a file of any format, under minillama's names.
struct StoredModel {
  std::filesystem::path path = {};         ///< where the tensors are, for error messages
  ModelConfig config = {};                 ///< resolved
  std::vector<TensorRecord> tensors = {};  ///< no "output.weight" if the embeddings are tied
  std::shared_ptr<const void> file = {};   ///< keeps the bytes of `tensors` alive
  std::optional<ClassifierConfig> classifier = {};   ///< of a classifier
  std::map<std::string, LoraOptions> adapters = {};  ///< low-rank adapters among the tensors
  std::string active_adapter = {};                   ///< "" if none is
};

/// Opens a model of any readable format, told apart by content. Throws FileError.
///
/// @param config a config.json for files that hold no description of their model; may be empty
StoredModel open_stored_model(const std::filesystem::path& path,
                              const std::filesystem::path& config);

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
