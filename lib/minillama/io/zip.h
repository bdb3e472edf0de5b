#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "minillama/io/bytes.h"

namespace minillama {

/// One file of a zip archive.
struct ZipEntry {
  std::string_view name;  ///< the bytes of the archive, not necessarily UTF-8
  Bytes stored;           ///< its bytes in the archive, not yet checked against `crc`
  std::uint32_t crc = 0;
  std::uint16_t method = 0;  ///< 0: the bytes are the content; else a compression
};

/// The entries of a zip archive (APPNOTE.TXT 6.3, zip64 included), read from its central directory;
/// sizes in local headers, which torch.save leaves zero, are not looked at.
///
/// Every entry's bytes lie inside the archive, no two entries share bytes or a name.
class ZipArchive {
 public:
  /// Looks at `bytes`, which must outlive the archive. Throws FileError naming the entry if the
  /// archive is damaged, spans several disks, or has a compressed or encrypted entry.
  ZipArchive(Bytes bytes, std::filesystem::path path);

  /// Whether `bytes` begin like a zip archive.
  static bool is_zip(Bytes bytes);

  /// In the order of the central directory.
  const std::vector<ZipEntry>& entries() const { return entries_; }

  /// The entry of that name, or null.
  const ZipEntry* find(std::string_view name) const;

  /// The content of `entry` after checking its CRC. Throws FileError if it is damaged or
  /// compressed.
  Bytes read(const ZipEntry& entry) const;

 private:
  std::filesystem::path path_;
  std::vector<ZipEntry> entries_;
  std::vector<std::uint32_t> by_name_;  ///< positions in entries_, sorted by name
};

}  // namespace minillama
