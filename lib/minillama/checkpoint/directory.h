#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "minillama/checkpoint/stored_model.h"
#include "minillama/text/tokenizer.h"

namespace minillama {

/// minillama's own checkpoint: a directory with
///
///     config.json         {"model_type": "minillama", "dim": …, …}
///     model.safetensors   the tensors under the model's own names
///     tokenizer.model     or what else Tokenizer::files() are
///
/// A classifier's config.json has an object "classifier" besides, and its tensors are those of its
/// Llama behind "llama." and of its head behind "classifier_head."; that of a model whose texts
/// begin without BOS or end with other tokens than EOS an object "special_tokens", and that of a
/// model with adapters an object "adapters" (checkpoint/model_json.h).
///
/// One of Hugging Face's with "model_type": "llama" is opened too (checkpoint/hugging_face.h), and
/// one of Meta's (checkpoint/meta_checkpoint.h).
StoredModel open_directory(const std::filesystem::path& directory);

/// Reads the model's shape from a config.json alone. Throws FileError.
ModelConfig read_config_file(const std::filesystem::path& path);

/// Files in `directory` that speak of a model, of this or another layout, and that
/// write_directory() does not replace: beside another model they would be taken for its.
std::vector<std::filesystem::path> other_model_files(const std::filesystem::path& directory);

/// Makes `directory` ready for weights, the tokenizer and, last, the config of a model: where
/// another model was, its config.json is removed, so that it is never found beside the new weights,
/// and then its other_model_files() and a tokenizer of another kind. Throws IoError.
void begin_directory(const std::filesystem::path& directory, std::string_view config,
                     const Tokenizer& tokenizer);

/// Writes such a directory, creating it if need be; `model` need have neither path nor file.
/// config.json comes last, and that of another model is removed first, so that a directory is
/// complete if it is there; each file appears whole or not at all. Throws IoError.
void write_directory(const std::filesystem::path& directory, const StoredModel& model,
                     const Tokenizer& tokenizer);

/// Gives the tokenizer of a directory what the other files there say of it: special tokens and, of
/// one of Hugging Face's, added pieces. Nothing without a config.json. Throws FileError.
void read_special_tokens(const std::filesystem::path& directory, Tokenizer& tokenizer);

}  // namespace minillama
