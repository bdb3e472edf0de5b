#pragma once

// Not part of the public interface: what the metadata of a GGUF file say about a model.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "minillama/checkpoint/rotary_rows.h"
#include "minillama/core/model_config.h"
#include "minillama/io/gguf.h"

namespace minillama {

/// An architecture of llama.cpp's: a row of the table in checkpoint/gguf_config.cpp.
struct GgufArchitecture {
  std::string_view name;  ///< "general.architecture"
  RotaryRows rows;        ///< the order of the heads' rows, which is how its graph rotates them
  bool qk_norm;
  bool biases;        ///< whether attention may have them
  bool has_divisors;  ///< whether it takes the tensor rope_freqs.weight
};

/// The architecture of a file. Throws FileError if it is none of those that are read.
const GgufArchitecture& gguf_architecture(const GgufFile& file);

/// The architecture that a model is written as. Throws OptionError naming the field if there is
/// none that it can be.
const GgufArchitecture& gguf_architecture_for(const ModelConfig& config);

/// What a file says, resolved; whether there are biases its tensors say. Throws FileError naming
/// the key that is missing, wrong, or might change what the model computes.
ModelConfig read_gguf_config(const GgufFile& file, const GgufArchitecture& architecture);

/// The metadata of a file but for its vocabulary.
std::vector<std::pair<std::string, GgufValue>> gguf_metadata(const ModelConfig& config,
                                                             const GgufArchitecture& architecture,
                                                             std::uint32_t file_type);

}  // namespace minillama
