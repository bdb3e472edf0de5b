#include "minillama/io/zip_writer.h"

#include "minillama/core/error.h"
#include "minillama/io/byte_writer.h"
#include "minillama/io/crc32.h"

namespace minillama {
namespace {

constexpr std::uint64_t kAlignment = 64;
constexpr std::uint64_t kLargest = 0xFFFFFFFE;  // one more means "see the zip64 record"
constexpr std::uint16_t kVersion = 20;
constexpr std::uint16_t kDosEpoch = 0x0021;  // the first of January 1980: equal input, equal bytes

/// The fields that a local header and a directory entry share.
std::string common_fields(std::uint32_t crc, std::uint64_t size, std::size_t name_size,
                          std::size_t extra_size) {
  ByteWriter out;
  out.write(kVersion);
  out.write<std::uint16_t>(0);  // flags
  out.write<std::uint16_t>(0);  // stored
  out.write<std::uint16_t>(0);  // time
  out.write(kDosEpoch);
  out.write(crc);
  out.write(static_cast<std::uint32_t>(size));  // as stored
  out.write(static_cast<std::uint32_t>(size));
  out.write(static_cast<std::uint16_t>(name_size));
  out.write(static_cast<std::uint16_t>(extra_size));
  return out.take();
}

}  // namespace

void ZipWriter::write(std::string_view text) {
  file_.write(text);
  offset_ += text.size();
}

void ZipWriter::add(std::string_view name, Bytes content) {
  constexpr std::size_t kLocalHeader = 30;
  constexpr std::size_t kExtraHeader = 4;
  const std::uint64_t start = offset_;
  if (start + content.size() + (std::uint64_t{1} << 20) > kLargest || n_entries_ == 0xFFFE) {
    throw FileError(path_, "would become larger than 4 GiB, which this zip writer cannot write");
  }
  // The padding is an extra field, which readers skip.
  const std::uint64_t unpadded = start + kLocalHeader + name.size() + kExtraHeader;
  const std::uint64_t padding = (kAlignment - unpadded % kAlignment) % kAlignment;
  const std::string fields =
      common_fields(crc32(content), content.size(), name.size(), kExtraHeader + padding);

  ByteWriter local;
  local.write_text("PK\x03\x04");
  local.write_text(fields);
  local.write_text(name);
  local.write<std::uint16_t>(0x4246);
  local.write(static_cast<std::uint16_t>(padding));
  local.write_text(std::string(padding, '\0'));
  write(local.take());
  file_.write(content);
  offset_ += content.size();

  ByteWriter entry;
  entry.write_text("PK\x01\x02");
  entry.write(kVersion);
  // No extra field here.
  entry.write_text(common_fields(crc32(content), content.size(), name.size(), 0));
  entry.write_text(std::string(10, '\0'));  // no comment, disk 0, no attributes
  entry.write(static_cast<std::uint32_t>(start));
  entry.write_text(name);
  directory_ += entry.take();
  ++n_entries_;
}

void ZipWriter::finish() {
  ByteWriter end;
  end.write_text("PK\x05\x06");
  end.write<std::uint32_t>(0);  // disks
  end.write(n_entries_);
  end.write(n_entries_);
  end.write(static_cast<std::uint32_t>(directory_.size()));
  end.write(static_cast<std::uint32_t>(offset_));
  end.write<std::uint16_t>(0);  // comment
  write(directory_ + end.take());
}

}  // namespace minillama
