#pragma once

// Not part of the public interface.

#include <string_view>

#include "minillama/checkpoint/stored_model.h"
#include "minillama/core/json.h"
#include "minillama/text/tokenizer.h"

namespace minillama {

/// A Llama as Hugging Face's transformers stores one: a directory with
///
///     config.json         {"model_type": "llama", "hidden_size": …, …}
///     model.safetensors   the tensors as "model.layers.0.self_attn.q_proj.weight", …; or several
///                         files that model.safetensors.index.json names
///     tokenizer.model     a sentencepiece model
///
/// The rows of queries and keys are put into Meta's order (checkpoint/rotary_rows.h). Throws
/// FileError if the directory is damaged or its model computes something else than a Llama does
/// here (io/hugging_face_config.h).
///
/// @param json the content of config.json
StoredModel open_hugging_face(const std::filesystem::path& directory, const Json& json);

/// Writes such a directory, with a tokenizer_config.json besides. Throws OptionError if `model` is
/// none that a Hugging Face Llama can be (LayerNorm, full attention), before anything is written;
/// IoError.
void write_hugging_face(const std::filesystem::path& directory, const StoredModel& model,
                        const Tokenizer& tokenizer);

}  // namespace minillama
