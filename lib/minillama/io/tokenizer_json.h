#pragma once

// Not part of the public interface.

#include <filesystem>
#include <string>
#include <string_view>

#include "minillama/io/bpe_record.h"
#include "minillama/io/bytes.h"

namespace minillama {

/// Reads a tokenizer.json of Hugging Face's tokenizers whose model is "BPE". It says nothing of
/// EOS and padding, and of BOS only what is put in front of a text. Throws FileError naming the
/// field if something is broken, or would make other ids or texts than are made here.
BpeRecord read_tokenizer_json(Bytes bytes, const std::filesystem::path& path);

/// The tokenizer.json from which the same is read again.
std::string tokenizer_json(const BpeRecord& record);

}  // namespace minillama
