#include "minillama/io/zip.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/byte_reader.h"
#include "minillama/io/crc32.h"

namespace minillama {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034B50;    // "PK\3\4"
constexpr std::uint32_t kCentralHeader = 0x02014B50;  // "PK\1\2"
constexpr std::uint32_t kEnd = 0x06054B50;            // "PK\5\6"
constexpr std::uint32_t kZip64End = 0x06064B50;       // "PK\6\6"
constexpr std::uint32_t kZip64Locator = 0x07064B50;   // "PK\6\7"
constexpr std::uint64_t kEndSize = 22;
constexpr std::uint64_t kZip64LocatorSize = 20;
constexpr std::uint64_t kCentralHeaderSize = 46;
constexpr std::uint16_t kZip64Extra = 0x0001;
constexpr std::uint16_t kIn64Bits16 = 0xFFFF;      // the true value stands in a zip64 record
constexpr std::uint32_t kIn64Bits32 = 0xFFFFFFFF;  // likewise
constexpr std::uint16_t kEncrypted = 0x2041;       // flag bits 0, 6 and 13

struct Directory {
  std::uint64_t count, size, offset;
  std::uint64_t end;  ///< where the records begin that say the above
};

[[noreturn]] void fail_entry(const std::filesystem::path& path, std::string_view name,
                             std::string_view problem) {
  throw FileError(path, fmt::format("zip entry {}: {}", quote(name), problem));
}

/// The end record is the last thing of the file, before a comment of up to 65535 bytes whose length
/// it states.
std::uint64_t find_end(Bytes bytes, const std::filesystem::path& path) {
  ByteReader reader(bytes, path);
  for (std::uint64_t size = kEndSize; size <= bytes.size() && size <= kEndSize + 0xFFFF; ++size) {
    reader.seek(bytes.size() - size);
    if (reader.read<std::uint32_t>() != kEnd) continue;
    reader.take(16);
    if (reader.read<std::uint16_t>() == size - kEndSize) return bytes.size() - size;
  }
  throw FileError(path, "not a zip archive, or its end is missing: truncated?");
}

Directory read_zip64_end(Bytes bytes, std::uint64_t locator, const std::filesystem::path& path) {
  ByteReader reader(bytes, path);
  reader.seek(locator + 4);
  const auto disk_of_end = reader.read<std::uint32_t>();
  const auto end = reader.read<std::uint64_t>();
  const auto disks = reader.read<std::uint32_t>();
  if (disk_of_end != 0 || disks > 1) throw FileError(path, "zip archive spans several disks");
  reader.seek(end);
  if (reader.read<std::uint32_t>() != kZip64End) reader.fail("no zip64 end record here");
  reader.take(8 + 2 + 2);  // own size, versions
  const auto disk = reader.read<std::uint32_t>();
  const auto directory_disk = reader.read<std::uint32_t>();
  const auto count_here = reader.read<std::uint64_t>();
  Directory directory{};
  directory.count = reader.read<std::uint64_t>();
  directory.size = reader.read<std::uint64_t>();
  directory.offset = reader.read<std::uint64_t>();
  directory.end = end;
  if (disk != 0 || directory_disk != 0 || count_here != directory.count) {
    throw FileError(path, "zip archive spans several disks");
  }
  return directory;
}

Directory find_directory(Bytes bytes, const std::filesystem::path& path) {
  ByteReader reader(bytes, path);
  const std::uint64_t end = find_end(bytes, path);
  if (end >= kZip64LocatorSize) {
    reader.seek(end - kZip64LocatorSize);
    if (reader.read<std::uint32_t>() == kZip64Locator) {
      return read_zip64_end(bytes, end - kZip64LocatorSize, path);
    }
  }
  reader.seek(end + 4);
  const auto disk = reader.read<std::uint16_t>();
  const auto directory_disk = reader.read<std::uint16_t>();
  const auto count_here = reader.read<std::uint16_t>();
  Directory directory{};
  directory.count = reader.read<std::uint16_t>();
  directory.size = reader.read<std::uint32_t>();
  directory.offset = reader.read<std::uint32_t>();
  directory.end = end;
  if (directory.count == kIn64Bits16 || directory.size == kIn64Bits32 ||
      directory.offset == kIn64Bits32) {
    throw FileError(path, "zip archive lacks its zip64 end record");
  }
  if (disk != 0 || directory_disk != 0 || count_here != directory.count) {
    throw FileError(path, "zip archive spans several disks");
  }
  return directory;
}

/// One header of the central directory.
struct CentralHeader {
  std::uint16_t flags, method;
  std::uint32_t crc;
  std::uint64_t compressed_size, size, local_header;
  std::string_view name;
};

/// Replaces the sizes that did not fit 32 bits by those of the zip64 extra field.
void apply_zip64_extra(Bytes extra, CentralHeader& header, const std::filesystem::path& path) {
  ByteReader reader(extra, path);
  while (reader.remaining() >= 4) {
    const auto id = reader.read<std::uint16_t>();
    const auto size = reader.read<std::uint16_t>();
    if (size > reader.remaining()) fail_entry(path, header.name, "damaged extra field");
    ByteReader field(reader.take(size), path);
    if (id != kZip64Extra) continue;
    for (std::uint64_t* value : {&header.size, &header.compressed_size, &header.local_header}) {
      if (*value != kIn64Bits32) continue;
      if (field.remaining() < 8) fail_entry(path, header.name, "zip64 extra field is too short");
      *value = field.read<std::uint64_t>();
    }
    return;
  }
}

CentralHeader read_central_header(ByteReader& reader, const std::filesystem::path& path) {
  if (reader.read<std::uint32_t>() != kCentralHeader) {
    reader.fail("no zip directory entry here");
  }
  CentralHeader header{};
  reader.take(2 + 2);  // versions
  header.flags = reader.read<std::uint16_t>();
  header.method = reader.read<std::uint16_t>();
  reader.take(2 + 2);  // time, date
  header.crc = reader.read<std::uint32_t>();
  header.compressed_size = reader.read<std::uint32_t>();
  header.size = reader.read<std::uint32_t>();
  const auto name_size = reader.read<std::uint16_t>();
  const auto extra_size = reader.read<std::uint16_t>();
  const auto comment_size = reader.read<std::uint16_t>();
  const auto disk = reader.read<std::uint16_t>();
  reader.take(2 + 4);  // attributes
  header.local_header = reader.read<std::uint32_t>();
  header.name = as_text(reader.take(name_size));
  apply_zip64_extra(reader.take(extra_size), header, path);
  reader.take(comment_size);

  if (disk != 0 && disk != kIn64Bits16) fail_entry(path, header.name, "lies on another disk");
  if ((header.flags & kEncrypted) != 0) fail_entry(path, header.name, "is encrypted");
  if (header.method == 0 && header.compressed_size != header.size) {
    fail_entry(path, header.name,
               fmt::format("{} stored bytes for {}", header.compressed_size, header.size));
  }
  return header;
}

/// The content of an entry, after the local header that stands in front of it. `bytes` end where
/// the central directory begins.
Bytes stored_bytes(Bytes bytes, const CentralHeader& header, const std::filesystem::path& path) {
  ByteReader reader(bytes, path);
  reader.seek(header.local_header);
  if (reader.read<std::uint32_t>() != kLocalHeader) {
    fail_entry(path, header.name, fmt::format("no local header at byte {}", header.local_header));
  }
  reader.take(2);  // version
  const auto flags = reader.read<std::uint16_t>();
  const auto method = reader.read<std::uint16_t>();
  reader.take(2 + 2 + 4 + 4 + 4);  // time, date, crc, sizes
  const auto name_size = reader.read<std::uint16_t>();
  const auto extra_size = reader.read<std::uint16_t>();
  const std::string_view name = as_text(reader.take(name_size));
  reader.take(extra_size);
  if (name != header.name) {
    fail_entry(path, header.name, fmt::format("its local header names {}", quote(name)));
  }
  if (method != header.method || (flags & kEncrypted) != 0) {
    fail_entry(path, header.name, "its local header contradicts the directory");
  }
  if (header.compressed_size > reader.remaining()) {
    fail_entry(path, header.name,
               fmt::format("{} bytes at byte {} reach beyond the {} bytes of content",
                           header.compressed_size, reader.offset(), bytes.size()));
  }
  return reader.take(header.compressed_size);
}

}  // namespace

bool ZipArchive::is_zip(Bytes bytes) {
  return as_text(bytes).starts_with("PK\x03\x04") || as_text(bytes).starts_with("PK\x05\x06");
}

ZipArchive::ZipArchive(Bytes bytes, std::filesystem::path path) : path_(std::move(path)) {
  const Directory directory = find_directory(bytes, path_);
  // Nothing may stand between the directory and its end record: then the two agree, and no bytes
  // put in front of the archive have moved it.
  if (directory.offset > directory.end || directory.end - directory.offset != directory.size) {
    throw FileError(path_, fmt::format("zip directory of {} bytes at byte {} does not end at its "
                                       "end record at byte {}",
                                       directory.size, directory.offset, directory.end));
  }
  if (directory.count > directory.size / kCentralHeaderSize) {
    throw FileError(path_, fmt::format("zip directory of {} bytes cannot hold {} entries",
                                       directory.size, directory.count));
  }
  const Bytes content = bytes.first(directory.offset);
  ByteReader reader(bytes.first(directory.end), path_);
  reader.seek(directory.offset);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;  // header to end of content
  for (std::uint64_t i = 0; i < directory.count; ++i) {
    const CentralHeader header = read_central_header(reader, path_);
    const Bytes stored = stored_bytes(content, header, path_);
    entries_.push_back({header.name, stored, header.crc, header.method});
    ranges.emplace_back(header.local_header, stored.data() + stored.size() - bytes.data());
  }
  if (reader.remaining() != 0) reader.fail("the zip directory has more than its entries");

  by_name_.resize(entries_.size());
  std::iota(by_name_.begin(), by_name_.end(), 0U);
  std::vector<std::uint32_t> by_place = by_name_;
  std::sort(by_name_.begin(), by_name_.end(),
            [&](auto a, auto b) { return entries_[a].name < entries_[b].name; });
  std::sort(by_place.begin(), by_place.end(),
            [&](auto a, auto b) { return ranges[a] < ranges[b]; });
  for (std::size_t i = 1; i < entries_.size(); ++i) {
    const std::string_view name = entries_[by_name_[i]].name;
    if (entries_[by_name_[i - 1]].name == name) fail_entry(path_, name, "is there twice");
    if (ranges[by_place[i - 1]].second > ranges[by_place[i]].first) {
      fail_entry(path_, entries_[by_place[i]].name,
                 fmt::format("overlaps {}", quote(entries_[by_place[i - 1]].name)));
    }
  }
}

const ZipEntry* ZipArchive::find(std::string_view name) const {
  const auto found = std::lower_bound(by_name_.begin(), by_name_.end(), name,
                                      [&](auto i, auto n) { return entries_[i].name < n; });
  if (found == by_name_.end() || entries_[*found].name != name) return nullptr;
  return &entries_[*found];
}

Bytes ZipArchive::read(const ZipEntry& entry) const {
  if (entry.method != 0) {
    fail_entry(
        path_, entry.name,
        fmt::format("is compressed (method {}); only stored entries are read", entry.method));
  }
  const std::uint32_t crc = crc32(entry.stored);
  if (crc != entry.crc) {
    fail_entry(path_, entry.name,
               fmt::format("damaged: its CRC is {:08x}, should be {:08x}", crc, entry.crc));
  }
  return entry.stored;
}

}  // namespace minillama
