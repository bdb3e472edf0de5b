#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/core/model_config.h"
#include "minillama/io/tensor_record.h"
#include "minillama/weights/adapter_options.h"
#include "minillama/weights/classifier_config.h"

namespace minillama {

/// A model as it lies in a file of any format, under minillama's names.
struct StoredModel {
  std::string_view format = {};            ///< whose format it is, in words: "GGUF"; "" of none
  std::filesystem::path path = {};         ///< where the tensors are, for error messages
  ModelConfig config = {};                 ///< resolved
  std::vector<TensorRecord> tensors = {};  ///< no "output.weight" if the embeddings are tied
  std::shared_ptr<const void> file = {};   ///< keeps the bytes of `tensors` alive
  std::optional<ClassifierConfig> classifier = {};  ///< of a classifier
  /// Of a classifier: "classifier_head.weight" and, unless it is 0, "classifier_head.bias".
  std::vector<TensorRecord> head = {};
  std::map<std::string, AdapterOptions> adapters =
      {};                           ///< of which the tensors are among `tensors`
  std::string active_adapter = {};  ///< "" if none is
  std::filesystem::path base = {};  ///< of an adapter: where the model is that it changes
};

/// Opens a model of any readable format, told apart by content. Throws FileError.
///
/// @param config a config.json for files that hold no description of their model; may be empty
StoredModel open_stored_model(const std::filesystem::path& path,
                              const std::filesystem::path& config);

}  // namespace minillama
