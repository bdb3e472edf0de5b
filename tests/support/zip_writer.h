#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace minillama::test {

/// The `size` low bytes of a number, little-endian.
std::string little_endian(std::uint64_t number, int size);

/// One entry of a zip archive to be written, and the lies it shall tell.
struct ZipLies {
  std::string name;
  std::string content = {};
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
  std::optional<std::string> local_name = {};
  std::optional<std::uint32_t> crc = {};
  std::optional<std::uint64_t> size = {};
  std::optional<std::uint64_t> stored_size = {};
  std::optional<std::uint64_t> offset = {};
};

/// What the records at the end of the archive say, where it is not the truth.
struct ZipEndLies {
  bool zip64 = false;  ///< write the zip64 records, and all sizes into them
  std::optional<std::uint64_t> count = {};
  std::optional<std::uint64_t> directory_size = {};
  std::optional<std::uint64_t> directory_offset = {};
  std::uint16_t disk = 0;
  std::string comment = {};
};

/// A zip archive of stored entries.
std::string zip_archive(const std::vector<ZipLies>& entries, const ZipEndLies& end = {});

}  // namespace minillama::test
