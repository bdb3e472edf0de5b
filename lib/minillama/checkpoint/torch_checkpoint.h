#pragma once

#include "minillama/checkpoint/stored_model.h"

namespace minillama {

/// Python's torch.save of {"model": state dict, "model_args": {dim, n_layers, …}, …}: the layout of
/// the CMU assignment's stories42M.pt and of llama2.c's training script.
///
/// Both spellings of the projections are read (compute_query and wq, …). Files with the first count
/// as LayerNorm models, as the assignment treats them, and those with llama2.c's own as RMSNorm,
/// unless model_args has "norm". The output matrix counts as tied if it is the embedding matrix,
/// byte for byte.
///
/// @param config a config.json to use where the file has no model_args: nothing about a model's
///               shape is ever guessed. With one of Hugging Face's, tensors may have its names
StoredModel open_torch_checkpoint(const std::filesystem::path& path,
                                  const std::filesystem::path& config);

/// llama2.c's and Meta's names of the projections (wq, …) to the assignment's (compute_query, …),
/// which are minillama's. Tells whether any changed.
bool to_assignment_names(std::vector<TensorRecord>& tensors);

/// Removes an output matrix that is the embedding matrix, byte for byte; false if there is another
/// one.
bool drop_tied_output(std::vector<TensorRecord>& tensors);

/// Writes such a file, without other entries: the output matrix beside the embeddings, and one
/// storage for both if they are tied; the projections as compute_query, … with LayerNorm, and as
/// wq, …, which llama2.c's own scripts read, with RMSNorm. Throws OptionError if the layout cannot
/// express the model (another theta than 10000), IoError.
void write_torch_checkpoint(const std::filesystem::path& path, const StoredModel& model);

}  // namespace minillama
