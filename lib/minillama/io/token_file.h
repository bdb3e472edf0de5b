#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "minillama/io/atomic_file.h"
#include "minillama/io/mapped_file.h"

namespace minillama {

/// What a file of token ids was made from.
struct TokenSource {
  std::uint32_t tokenizer_checksum = 0;  ///< CRC-32 of the tokenizer.model
  std::uint32_t text_checksum = 0;       ///< CRC-32 of the text
  std::uint64_t text_size = 0;           ///< of the documents with their line ends, in bytes
  std::uint64_t vocab_size = 0;          ///< every id is below it

  bool operator==(const TokenSource&) const = default;
};

/// A tokenized text, mapped into memory:
///
///     "minitok1"                      8 bytes
///     width of an id, 2 or 4          uint32
///     tokenizer_checksum              uint32
///     text_checksum                   uint32
///     0                               uint32
///     text_size                       uint64
///     vocab_size                      uint64
///     ids                             width bytes each, little-endian, to the last 4 bytes
///     CRC-32 of the ids               uint32
class TokenFile {
 public:
  /// Opens such a file and checks it from end to end. Throws FileError if it is damaged.
  explicit TokenFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return file_.path(); }
  const TokenSource& source() const { return source_; }
  std::uint32_t checksum() const { return checksum_; }  ///< of the ids
  std::int64_t size() const { return size_; }           ///< number of ids

  /// Copies ids [begin, begin + out.size()). Throws OptionError unless all are there.
  void copy(std::int64_t begin, std::span<std::int64_t> out) const;

 private:
  MappedFile file_;
  TokenSource source_;
  std::uint32_t width_ = 0;
  std::uint32_t checksum_ = 0;
  std::int64_t size_ = 0;
  Bytes ids_;
};

/// Whether the file begins like one.
bool is_token_file(Bytes content);

/// Writes a token file, which appears with commit(), whole or not at all.
class TokenFileWriter {
 public:
  /// Throws IoError.
  TokenFileWriter(const std::filesystem::path& path, const TokenSource& source);

  /// Appends ids. Throws OptionError, before any is written, unless each lies in [0, vocab_size);
  /// IoError.
  void write(std::span<const std::int64_t> ids);
  void commit();

 private:
  template <typename Id>
  void write_as(std::span<const std::int64_t> ids);

  AtomicFile file_;
  std::uint64_t vocab_size_;
  bool wide_;
  std::uint32_t checksum_ = 0;
};

}  // namespace minillama
