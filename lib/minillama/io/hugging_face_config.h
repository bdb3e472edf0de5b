#pragma once

// Not part of the public interface.

#include <filesystem>
#include <set>
#include <string>

#include "minillama/core/json.h"

namespace minillama {

/// Whether a config.json is that of a Llama of Hugging Face's transformers.
bool is_hugging_face(const Json& json);

/// Reads such a config.json; resolved, except that what ties the embeddings is left at its default,
/// because where the config says nothing the tensors decide. Throws FileError naming `path`, also
/// if something changes what a Llama computes and is not supported: another activation, biases,
/// scaled rotary positions, a head_dim of its own.
ModelConfig read_hugging_face_config(const Json& json, const std::filesystem::path& path);

/// The names of the files that a model.safetensors.index.json lists. Throws FileError naming `path`
/// if one is no name of a file in the same directory.
std::set<std::string> read_hugging_face_index(const Json& json, const std::filesystem::path& path);

}  // namespace minillama
