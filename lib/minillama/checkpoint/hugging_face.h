#pragma once

// Not part of the public interface.

#include <string_view>

#include "minillama/checkpoint/stored_model.h"
#include "minillama/core/json.h"
#include "minillama/text/tokenizer.h"

namespace minillama {

/// A Llama as Hugging Face's transformers stores one: a directory with
///
///     config.json         {"model_type": "llama", "hidden_size": …, …}, or one of the other
///                         architectures (io/hugging_face_architectures.h)
///     model.safetensors   the tensors as "model.layers.0.self_attn.q_proj.weight", …; or
///                         pytorch_model.bin; or several files that an index of that name
///                         (model.safetensors.index.json) lists
///     tokenizer.model     or what else Tokenizer::files() are
///
/// The rows of queries and keys are put into Meta's order (checkpoint/rotary_rows.h). Of a
/// classifier (…ForSequenceClassification) the head is "score.weight"; it pools the last token that
/// is no padding (io/hugging_face_labels.h). Throws FileError if the directory is damaged or its
/// model computes something else than a Llama does here (io/hugging_face_config.h).
///
/// @param json the content of config.json
StoredModel open_hugging_face(const std::filesystem::path& directory, const Json& json);

/// Whether the tensors have the names that transformers gives a Llama's.
bool has_hugging_face_names(const std::vector<TensorRecord>& tensors);

/// The same from one file of tensors under such names (torch.save's or safetensors), and the
/// config.json that describes them. Throws FileError.
StoredModel open_hugging_face_file(const std::filesystem::path& path,
                                   const std::filesystem::path& config_path);

/// Writes such a directory, with a tokenizer_config.json besides. Throws OptionError if `model` is
/// none that a Hugging Face Llama can be (LayerNorm, full attention, rotary positions with a
/// table of divisors, biases that no architecture has) or no such classifier (other pooling than of
/// the last token, a head with a bias), before anything is written; IoError.
///
/// A classifier's template and dropout, which transformers does not know, stand in a field of ours
/// in config.json: to get the same answer it must be given the text that the template makes.
void write_hugging_face(const std::filesystem::path& directory, const StoredModel& model,
                        const Tokenizer& tokenizer);

}  // namespace minillama
