#pragma once

// Not part of the public interface: how a GGUF file says what scales rotary positions.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "minillama/core/model_config.h"
#include "minillama/io/gguf.h"

namespace minillama {

/// The tensor of the kind "divisors" [Dh / 2], by which llama.cpp writes down llama3's.
inline constexpr std::string_view kGgufDivisors = "rope_freqs.weight";

/// What the keys `<architecture>.rope.…` and the tensor say:
///
///     rope.scaling.type    "none", "linear" (also where it is absent) or "yarn"
///     rope.scaling.factor  or, in older files, rope.scale_linear; 0 and absent: 1
///     rope.scaling.original_context_length, .yarn_beta_fast, .yarn_beta_slow, .attn_factor
///
/// Divisors that are those of Llama 3.1 and 3.2 are given the kind llama3, which other formats can
/// hold. Throws FileError naming the key or tensor.
///
/// @param config resolved but for its scaling
RotaryScaling read_gguf_rotary(const GgufFile& file, std::string_view architecture,
                               const ModelConfig& config);

/// The keys for the scaling of `config`. Throws OptionError if GGUF has none for its kind.
std::vector<std::pair<std::string, GgufValue>> gguf_rotary_metadata(const ModelConfig& config,
                                                                    std::string_view architecture);

/// The tensor for the scaling of `config`; empty if its kind has none.
std::vector<float> gguf_divisors(const ModelConfig& config);

}  // namespace minillama
