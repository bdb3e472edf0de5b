#pragma once

// Not part of the public interface.

#include <filesystem>

#include "minillama/checkpoint/stored_model.h"

namespace minillama {

/// Whether `directory` holds a Llama as Meta distributes one:
///
///     params.json          {"dim": …, "n_layers": …, …}
///     consolidated.00.pth  torch.save's, a bare state dict
///     tokenizer.model      here or one directory above
bool is_meta_checkpoint(const std::filesystem::path& directory);

/// Opens one. params.json does not say how wide the feed-forward layers are nor always how many
/// tokens there are: the tensors do. Its max_seq_len, which is rarely there, counts as 2048, as in
/// Meta's code. Throws FileError, also if the model lies in several files ("model parallel").
StoredModel open_meta_checkpoint(const std::filesystem::path& directory);

}  // namespace minillama
