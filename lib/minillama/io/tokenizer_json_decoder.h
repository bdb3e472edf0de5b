#pragma once

// Not part of the public interface: how a tokenizer.json says that pieces become text.

#include <filesystem>

#include "minillama/core/json.h"
#include "minillama/io/bpe_record.h"

namespace minillama {

/// Reads the value of the field "decoder". Throws FileError naming the kind or field that is
/// missing, unknown, broken or not supported.
void read_decoder(const Json& json, const std::filesystem::path& path, BpeRecord& record);

/// The value from which the same is read again.
Json decoder_json(const BpeRecord& record);

}  // namespace minillama
