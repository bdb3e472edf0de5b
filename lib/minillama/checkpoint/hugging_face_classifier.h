#pragma once

// Not part of the public interface: what makes a classifier of one of transformers' models.

#include <filesystem>
#include <optional>

#include "minillama/checkpoint/stored_model.h"
#include "minillama/core/json.h"
#include "minillama/text/tokenizer.h"

namespace minillama {

/// The name of the head, "classifier_head.weight".
inline constexpr const char* kScore = "score.weight";

/// What a config.json says of a classifier besides its model; empty of a language model's. Throws
/// FileError naming `path` and the field.
std::optional<ClassifierConfig> read_hugging_face_classifier(const Json& json,
                                                             const std::filesystem::path& path);

/// Throws OptionError unless transformers' classifiers can be like this one: they pool the last
/// token, and their head has no bias.
void require_hugging_face_classifier(const StoredModel& model);

/// Adds what a config.json and a tokenizer_config.json say of a classifier: its labels, the token
/// that pads, behind which transformers looks for the last one, and in a field of ours what
/// transformers does not know. What pads is what the tokenizer's config names, else EOS. Throws
/// OptionError if the classifier's texts end with that token themselves.
void write_hugging_face_classifier(const ClassifierConfig& config, const Tokenizer& tokenizer,
                                   Json& json, Json& tokenizer_config);

}  // namespace minillama
