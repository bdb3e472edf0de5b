#pragma once

// Not part of the public interface.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "minillama/core/model_config.h"
#include "minillama/io/tensor_record.h"
#include "minillama/weights/adapter_options.h"

namespace minillama {

/// The order of a head's rows in the matrices that make queries and keys. Meta's, which is ours,
/// rotates the pairs (2i, 2i + 1); Hugging Face's rotates (i, i + Dh / 2) and so has the first of
/// all pairs first.
enum class RotaryRows { pairs, halves };

/// How many heads the tensor of that name has whose rows are ordered so: those of the queries, of
/// the keys, 1 for the gains that all heads' queries or keys share, or 0 for all others.
std::int64_t rotary_heads(std::string_view name, const ModelConfig& config);

/// The same of a tensor of an adapter, of which some have the matrix's rows: lora_B and not lora_A.
std::int64_t rotary_heads_of_adapter(std::string_view name, const AdapterOptions& options,
                                     const ModelConfig& config);

/// Copies a dense record of `heads` heads into `memory` with its rows in the order `order`, which
/// they did not have before:
///
///     halves: view(heads, Dh / 2, 2, …).transpose(1, 2)
///     pairs:  view(heads, 2, Dh / 2, …).transpose(1, 2)
///
/// and returns the record of the copy, which lives as long as `memory`. Throws FileError naming
/// `path` if the rows cannot be divided among the heads.
TensorRecord reorder_rows(const TensorRecord& record, std::int64_t heads, RotaryRows order,
                          std::vector<std::byte>& memory, const std::filesystem::path& path);

}  // namespace minillama
