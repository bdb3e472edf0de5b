#include "support/zip_writer.h"

#include "minillama/io/crc32.h"

namespace minillama::test {

std::string little_endian(std::uint64_t number, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(number >> (8 * i) & 0xFF);
  return bytes;
}

std::string zip_archive(const std::vector<ZipLies>& entries, const ZipEndLies& end) {
  constexpr std::uint64_t kSeeZip64 = 0xFFFFFFFF;
  std::string content;
  std::string directory;
  for (const ZipLies& entry : entries) {
    const std::uint64_t offset = entry.offset.value_or(content.size());
    const std::uint64_t size = entry.size.value_or(entry.content.size());
    const std::uint64_t stored = entry.stored_size.value_or(size);
    const std::string local_name = entry.local_name.value_or(entry.name);
    const std::string flags_method =
        little_endian(entry.flags, 2) + little_endian(entry.method, 2) + std::string(4, '\0');
    // Sizes and CRC in the local header stay 0, as torch.save leaves them.
    content += "PK\x03\x04" + little_endian(20, 2) + flags_method + std::string(12, '\0') +
               little_endian(local_name.size(), 2) + little_endian(0, 2) + local_name +
               entry.content;
    const std::string extra = end.zip64 ? little_endian(1, 2) + little_endian(24, 2) +
                                              little_endian(size, 8) + little_endian(stored, 8) +
                                              little_endian(offset, 8)
                                        : std::string();
    directory += "PK\x01\x02" + little_endian(20, 2) + little_endian(20, 2) + flags_method +
                 little_endian(entry.crc.value_or(crc32(as_bytes(entry.content))), 4) +
                 little_endian(end.zip64 ? kSeeZip64 : stored, 4) +
                 little_endian(end.zip64 ? kSeeZip64 : size, 4) +
                 little_endian(entry.name.size(), 2) + little_endian(extra.size(), 2) +
                 std::string(10, '\0') + little_endian(end.zip64 ? kSeeZip64 : offset, 4) +
                 entry.name + extra;
  }
  const std::uint64_t count = end.count.value_or(entries.size());
  const std::uint64_t size = end.directory_size.value_or(directory.size());
  const std::uint64_t offset = end.directory_offset.value_or(content.size());
  std::string out = content + directory;
  if (end.zip64) {
    const std::uint64_t end_offset = out.size();
    out += "PK\x06\x06" + little_endian(44, 8) + little_endian(45, 2) + little_endian(45, 2) +
           little_endian(end.disk, 4) + little_endian(end.disk, 4) + little_endian(count, 8) +
           little_endian(count, 8) + little_endian(size, 8) + little_endian(offset, 8);
    out += "PK\x06\x07" + little_endian(0, 4) + little_endian(end_offset, 8) + little_endian(1, 4);
  }
  return out + "PK\x05\x06" + little_endian(end.disk, 2) + little_endian(end.disk, 2) +
         little_endian(end.zip64 ? 0xFFFF : count, 2) +
         little_endian(end.zip64 ? 0xFFFF : count, 2) +
         little_endian(end.zip64 ? kSeeZip64 : size, 4) +
         little_endian(end.zip64 ? kSeeZip64 : offset, 4) + little_endian(end.comment.size(), 2) +
         end.comment;
}

}  // namespace minillama::test
