#pragma once

// Not part of the public interface.

#include <cstddef>
#include <filesystem>
#include <string>

#include "minillama/io/bytes.h"

namespace minillama {

/// Whether `bytes` begin like a gzip file.
bool is_gzip(Bytes bytes);

/// What a gzip file (RFC 1952) holds, of which `path` is the name: its members one after the other,
/// each checked against its checksum. Throws FileError if it is damaged, cut short, has anything
/// behind its last member, or holds more than `max_bytes`, beyond which nothing is decompressed.
std::string gunzip(Bytes bytes, const std::filesystem::path& path, std::size_t max_bytes);

}  // namespace minillama
