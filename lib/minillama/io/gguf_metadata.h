#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/io/byte_reader.h"
#include "minillama/io/mapped_file.h"

namespace minillama {

/// The first part of a file of the format GGUF, version 2 or 3, little-endian: values under keys.
/// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
class GgufMetadata {
 public:
  /// Throws FileError naming the place if the file is damaged, of another version, or big-endian;
  /// if it holds an array of arrays or a key twice.
  explicit GgufMetadata(std::filesystem::path path);

  /// Whether `bytes` begin like such a file.
  static bool is_gguf(Bytes bytes) { return as_text(bytes).starts_with("GGUF"); }

  const std::filesystem::path& path() const { return file_.path(); }

  /// All keys of metadata, in alphabetical order.
  std::vector<std::string_view> keys() const;

  /// A value that is no array, for messages and comparisons: a number or boolean as text, a string
  /// in quotes; empty if it is an array.
  std::string shown(std::string_view key) const;

  /// Whether there is metadata of that key.
  bool has(std::string_view key) const { return values_.contains(key); }

  // The value of a key. All throw FileError naming the key if it is absent or of another type, or,
  // for integer(), beyond int64. Text is as it stands in the file, not necessarily UTF-8.
  std::int64_t integer(std::string_view key) const;
  double number(std::string_view key) const;  ///< the shortest decimal that is the stored float
  bool boolean(std::string_view key) const;
  std::string_view text(std::string_view key) const;
  std::vector<std::string_view> texts(std::string_view key) const;
  std::vector<float> floats(std::string_view key) const;
  std::vector<std::int32_t> integers(std::string_view key) const;

 protected:
  [[noreturn]] void fail(std::string_view key, std::string_view problem) const;

  MappedFile file_;
  std::uint64_t n_tensors_ = 0;  // that are described behind the values
  std::uint64_t end_ = 0;        // offset in the file, behind the values

 private:
  /// A value that lies in the file from `offset` on; of an array, the elements.
  struct Value {
    std::uint32_t type = 0;
    std::uint32_t element_type = 0;  ///< of an array
    std::uint64_t count = 0;         ///< of an array
    std::uint64_t offset = 0;
  };

  void read(ByteReader& reader, std::uint64_t count);
  Value value(std::string_view key) const;
  ByteReader reader_at(const Value& value) const;
  ByteReader array_of(std::string_view key, std::uint32_t element_type,
                      std::string_view what) const;

  std::map<std::string, Value, std::less<>> values_;
};

/// The text that the reader stands before. Throws FileError.
std::string_view read_gguf_string(ByteReader& reader);

}  // namespace minillama
