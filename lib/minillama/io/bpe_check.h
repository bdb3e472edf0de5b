#pragma once

// Not part of the public interface.

#include <filesystem>

#include "minillama/io/bpe_record.h"

namespace minillama {

/// Throws FileError naming `path` unless the record can be used: pieces that are UTF-8, not empty
/// and distinct; ids of merges, added and special pieces among them; merges whose result is the
/// piece of both texts.
void check_bpe_record(const BpeRecord& record, const std::filesystem::path& path);

}  // namespace minillama
