#pragma once

#include <filesystem>

#include "minillama/io/bytes.h"

namespace minillama {

/// Throws FileError if the file is what a failed download leaves in a model's place: a web page or
/// a git-lfs pointer. Any other content passes.
void refuse_failed_download(Bytes bytes, const std::filesystem::path& path);

/// Says what a file is that was given for a model and is of no format of one: a safetensors file,
/// whose directory is to be given, a tokenizer, JSON, an archive of PyTorch's older format, or
/// unknown. Throws FileError.
[[noreturn]] void refuse_other_kind(Bytes bytes, const std::filesystem::path& path);

}  // namespace minillama
