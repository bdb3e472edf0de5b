#pragma once

#include <filesystem>

#include "minillama/core/model_config.h"
#include "minillama/text/tokenizer.h"

namespace minillama {

/// The tokenizer of a model: `tokenizer` if it is given, else the one within a GGUF file, else
/// tokenizer.model or tokenizer.bin beside the model (in it, if it is a directory; of an adapter
/// without one, its base's). Throws FileError if there is none, or if the model is for a vocabulary
/// of another size; more rows in the model, up to a multiple of a power of two (at most 1024), are
/// padding, and never chosen.
Tokenizer read_tokenizer_for(const std::filesystem::path& model, const ModelConfig& config,
                             const std::filesystem::path& tokenizer = {});

}  // namespace minillama
