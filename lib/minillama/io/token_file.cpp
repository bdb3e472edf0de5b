#include "minillama/io/token_file.h"

#include <cstring>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/byte_reader.h"
#include "minillama/io/crc32.h"

namespace minillama {
namespace {

constexpr std::string_view kMagic = "minitok1";
constexpr std::uint64_t kChecksumBytes = 4;
constexpr std::uint64_t kLargestVocabulary = std::uint64_t{1} << 30;

bool is_wide(const TokenSource& source) {
  return source.vocab_size > 65536;
}

template <typename Number>
void append(std::vector<std::byte>& bytes, Number number) {
  const auto* begin = reinterpret_cast<const std::byte*>(&number);
  bytes.insert(bytes.end(), begin, begin + sizeof(number));
}

template <typename Id>
bool all_below(Bytes bytes, std::uint64_t bound) {
  Id largest = 0;
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(Id)) {
    Id id;
    std::memcpy(&id, bytes.data() + i, sizeof(Id));
    largest = id > largest ? id : largest;
  }
  return largest < bound;
}

template <typename Id>
void copy_as(Bytes bytes, std::span<std::int64_t> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Id id;
    std::memcpy(&id, bytes.data() + i * sizeof(Id), sizeof(Id));
    out[i] = id;
  }
}

}  // namespace

bool is_token_file(Bytes content) {
  return as_text(content).starts_with(kMagic);
}

TokenFile::TokenFile(const std::filesystem::path& path) : file_(path) {
  if (!is_token_file(file_.bytes())) throw FileError(path, "is no file of token ids");
  ByteReader reader(file_.bytes(), path);
  reader.take(kMagic.size());
  width_ = reader.read<std::uint32_t>();
  source_.tokenizer_checksum = reader.read<std::uint32_t>();
  source_.text_checksum = reader.read<std::uint32_t>();
  if (const auto zero = reader.read<std::uint32_t>(); zero != 0) {
    reader.fail(fmt::format("{} where 0 is expected", zero));
  }
  source_.text_size = reader.read<std::uint64_t>();
  source_.vocab_size = reader.read<std::uint64_t>();
  if (source_.vocab_size < 1 || source_.vocab_size > kLargestVocabulary) {
    reader.fail(fmt::format("a vocabulary of {} tokens", source_.vocab_size));
  }
  if (width_ != (is_wide(source_) ? 4 : 2)) {
    reader.fail(fmt::format("ids of {} bytes in a vocabulary of {}", width_, source_.vocab_size));
  }
  if (reader.remaining() < kChecksumBytes || (reader.remaining() - kChecksumBytes) % width_ != 0) {
    reader.fail(fmt::format("{} bytes are no whole number of ids and a checksum: truncated?",
                            reader.remaining()));
  }
  ids_ = reader.take(reader.remaining() - kChecksumBytes);
  checksum_ = reader.read<std::uint32_t>();
  size_ = static_cast<std::int64_t>(ids_.size() / width_);
  if (crc32(ids_) != checksum_) throw FileError(path, "the checksum of the ids is wrong");
  const bool valid = width_ == 4 ? all_below<std::uint32_t>(ids_, source_.vocab_size)
                                 : all_below<std::uint16_t>(ids_, source_.vocab_size);
  if (!valid) throw FileError(path, "holds an id outside its vocabulary");
}

void TokenFile::copy(std::int64_t begin, std::span<std::int64_t> out) const {
  const auto count = static_cast<std::int64_t>(out.size());
  if (begin < 0 || begin > size_ || count > size_ - begin) {
    throw OptionError(fmt::format("{}: ids {} to {} of {}", quote(path().native(), 400), begin,
                                  static_cast<double>(begin) + static_cast<double>(count), size_));
  }
  const auto bytes =
      ids_.subspan(static_cast<std::size_t>(begin) * width_, out.size() * std::size_t{width_});
  width_ == 4 ? copy_as<std::uint32_t>(bytes, out) : copy_as<std::uint16_t>(bytes, out);
}

TokenFileWriter::TokenFileWriter(const std::filesystem::path& path, const TokenSource& source)
    : file_(path), vocab_size_(source.vocab_size), wide_(is_wide(source)) {
  std::vector<std::byte> header;
  append(header, std::uint32_t{wide_ ? 4U : 2U});
  append(header, source.tokenizer_checksum);
  append(header, source.text_checksum);
  append(header, std::uint32_t{0});
  append(header, source.text_size);
  append(header, source.vocab_size);
  file_.write(kMagic);
  file_.write(header);
}

void TokenFileWriter::write(std::span<const std::int64_t> ids) {
  for (const auto id : ids) {
    if (id >= 0 && static_cast<std::uint64_t>(id) < vocab_size_) continue;
    throw OptionError(fmt::format("id {} is not in the vocabulary of {}", id, vocab_size_));
  }
  wide_ ? write_as<std::uint32_t>(ids) : write_as<std::uint16_t>(ids);
}

template <typename Id>
void TokenFileWriter::write_as(std::span<const std::int64_t> ids) {
  std::vector<std::byte> bytes;
  bytes.reserve(ids.size() * sizeof(Id));
  for (const auto id : ids) append(bytes, static_cast<Id>(id));
  checksum_ = crc32(bytes, checksum_);
  file_.write(bytes);
}

void TokenFileWriter::commit() {
  std::vector<std::byte> end;
  append(end, checksum_);
  file_.write(end);
  file_.commit();
}

}  // namespace minillama
