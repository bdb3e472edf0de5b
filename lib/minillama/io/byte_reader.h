#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "minillama/io/bytes.h"

namespace minillama {

/// A cursor over little-endian bytes that cannot leave them: every read checks what is left and
/// throws FileError naming the file and the offset if it is too little.
class ByteReader {
 public:
  /// `path` is for error messages and must outlive the reader.
  ByteReader(Bytes bytes, const std::filesystem::path& path) : bytes_(bytes), path_(path) {}

  std::uint64_t offset() const { return offset_; }
  std::uint64_t remaining() const { return bytes_.size() - offset_; }

  /// Moves to `offset` counted from the start; at most the end.
  void seek(std::uint64_t offset);

  /// The next `count` bytes.
  Bytes take(std::uint64_t count);

  /// What is left, without moving.
  Bytes rest() const { return bytes_.subspan(offset_); }

  /// The next number, little-endian.
  template <typename T>
  T read() {
    static_assert(std::is_arithmetic_v<T>);
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }

  /// FileError "<path>: at byte <offset>: <problem>" for the caller to throw.
  [[noreturn]] void fail(std::string_view problem) const;

 private:
  Bytes bytes_;
  const std::filesystem::path& path_;
  std::uint64_t offset_ = 0;
};

}  // namespace minillama
