#pragma once

#include <filesystem>
#include <string_view>

#include "minillama/io/bytes.h"

namespace minillama {

/// Throws FileError if the file is what a failed download leaves in a model's place: a web page or
/// a git-lfs pointer. Any other content passes.
void refuse_failed_download(Bytes bytes, const std::filesystem::path& path);

/// Throws FileError if a tensor of that name is part of quantized weights (GPTQ, AWQ, bitsandbytes,
/// compressed-tensors): everything else about them would seem broken.
void refuse_quantized_tensor(std::string_view name, const std::filesystem::path& path);

/// Says what a file is that was given for a model and is of no format of one: a safetensors file,
/// whose directory is to be given, a tokenizer, JSON, an archive of PyTorch's older format, or
/// unknown. Throws FileError.
[[noreturn]] void refuse_other_kind(Bytes bytes, const std::filesystem::path& path);

}  // namespace minillama
