#pragma once

#include <filesystem>

#include "minillama/io/bytes.h"

namespace minillama {

/// Throws FileError if the file is what a failed download leaves in a model's place: a web page or
/// a git-lfs pointer. Any other content passes.
void refuse_failed_download(Bytes bytes, const std::filesystem::path& path);

}  // namespace minillama
