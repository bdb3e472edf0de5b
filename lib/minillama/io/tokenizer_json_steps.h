#pragma once

// Not part of the public interface: how a tokenizer.json says that texts are cut.

#include <filesystem>

#include "minillama/core/json.h"
#include "minillama/io/bpe_record.h"

namespace minillama {

/// The pattern by which GPT-2 (Radford et al. 2019) finds words, which is that of "ByteLevel".
inline constexpr const char* kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

/// The step "Digits": each digit for itself, or neighbours together.
Split split_of_digits(bool is_individual);

// Each reads the value of a field of the file, which may be null. They throw FileError naming the
// kind or field that is unknown, broken or not supported.

/// "normalizer"
void read_normalizer(const Json& json, const std::filesystem::path& path, BpeRecord& record);
/// "pre_tokenizer"; says whether pieces spell bytes, too.
void read_pre_tokenizer(const Json& json, const std::filesystem::path& path, BpeRecord& record);

// The values from which the same is read again.

Json normalizer_json(const BpeRecord& record);
Json pre_tokenizer_json(const BpeRecord& record);

}  // namespace minillama
