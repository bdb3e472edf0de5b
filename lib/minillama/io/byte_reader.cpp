#include "minillama/io/byte_reader.h"

#include <bit>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {

static_assert(std::endian::native == std::endian::little, "the file formats are little-endian");

void ByteReader::seek(std::uint64_t offset) {
  if (offset > bytes_.size()) {
    fail(fmt::format("offset {} lies outside the {} bytes there are", offset, bytes_.size()));
  }
  offset_ = offset;
}

Bytes ByteReader::take(std::uint64_t count) {
  if (count > remaining()) {
    fail(fmt::format("{} bytes expected, {} left: truncated?", count, remaining()));
  }
  const Bytes taken = bytes_.subspan(offset_, count);
  offset_ += count;
  return taken;
}

void ByteReader::fail(std::string_view problem) const {
  throw FileError(path_, fmt::format("at byte {}: {}", offset_, problem));
}

}  // namespace minillama
