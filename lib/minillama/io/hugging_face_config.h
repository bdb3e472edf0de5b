#pragma once

// Not part of the public interface.

#include <filesystem>
#include <map>
#include <string>

#include "minillama/core/json.h"

namespace minillama {

/// A field of ours, an object: what minillama knows of a classifier and transformers passes over.
inline constexpr const char* kOurField = "minillama";

/// Whether a config.json is that of a model of Hugging Face's transformers which is computed here
/// (io/hugging_face_architectures.h).
bool is_hugging_face(const Json& json);

/// Reads such a config.json; resolved, except that what ties the embeddings is left at its default,
/// because where the config says nothing the tensors decide. Throws FileError naming `path`, also
/// if something changes what a Llama computes and is not supported: another activation, biases of
/// the feed-forward, unknown kinds of scaled rotary positions, layers that look back over less than
/// the context.
ModelConfig read_hugging_face_config(const Json& json, const std::filesystem::path& path);

/// Which file of the same directory holds which tensor, as the index of a model in several files
/// says (model.safetensors.index.json). Throws FileError naming `path` if one is no name of such a
/// file.
std::map<std::string, std::string> read_hugging_face_index(const Json& json,
                                                           const std::filesystem::path& path);

}  // namespace minillama
