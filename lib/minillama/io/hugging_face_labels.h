#pragma once

// Not part of the public interface.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "minillama/core/json.h"

namespace minillama {

/// What the config.json of one of transformers' classifiers says besides its model's shape.
struct HuggingFaceLabels {
  std::vector<std::string> names;  ///< by number; LABEL_0 and LABEL_1 where it does not say
  std::int64_t pad_id = -1;        ///< behind which the last token of a text stands; -1: none
};

/// Whether a config.json is a classifier's: "architectures" names one as
/// LlamaForSequenceClassification.
bool is_hugging_face_classifier(const Json& json);

/// Reads such a config.json. Throws FileError naming `path` and the field if the labels are not
/// numbered from 0 on, what names them contradicts itself, or the outputs are no classes
/// ("problem_type").
HuggingFaceLabels read_hugging_face_labels(const Json& json, const std::filesystem::path& path);

/// Adds what read_hugging_face_labels() reads.
void write_hugging_face_labels(const HuggingFaceLabels& labels, Json& json);

}  // namespace minillama
