#pragma once

#include "minillama/checkpoint/stored_model.h"

namespace minillama {

/// llama2.c's .bin, version 0 (io/llama2c_bin.h).
StoredModel open_llama2c_checkpoint(const std::filesystem::path& path);

}  // namespace minillama
