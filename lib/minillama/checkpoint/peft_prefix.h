#pragma once

// Not part of the public interface: the one tensor that PEFT has of a prefix (PREFIX_TUNING).

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/core/json.h"
#include "minillama/core/model_config.h"
#include "minillama/io/tensor_record.h"

namespace minillama {

/// "prompt_embeddings" [n, layers * 2 * Hkv * Dh]: of each layer the keys, then the values.
inline constexpr const char* kPeftPrompt = "prompt_embeddings";

/// If `record` is such a tensor of an adapter with that adapter_config.json, its parts as they
/// would lie beside the linears: "model.layers.0.self_attn.k_proj.prefix" [Hkv * Dh, n], …;
/// otherwise the record itself. Throws FileError naming `path` if its columns cannot be divided
/// among the layers.
std::vector<TensorRecord> split_peft_prefix(const TensorRecord& record, const Json& config,
                                            const std::filesystem::path& path);

/// The reverse: makes of the parts, dense and of one type, the one tensor, whose bytes `memory`
/// holds. Throws OptionError unless there are keys and values of every layer.
TensorRecord join_peft_prefix(const std::vector<TensorRecord>& parts, const ModelConfig& config,
                              std::vector<std::byte>& memory);

/// What PEFT says of the sizes.
Json peft_prefix_sizes(const ModelConfig& config);

}  // namespace minillama
