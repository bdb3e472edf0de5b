#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "minillama/io/byte_reader.h"
#include "minillama/io/mapped_file.h"

namespace minillama {

/// The element types that are read and written, by the format's numbers.
enum class GgufType : std::uint32_t {
  float32 = 0,
  float16 = 1,
  q8_0 = 8,  ///< blocks of 32: a float16 scale d and 32 int8 q; an element is d q
  bfloat16 = 30,
};

/// Bytes that `elements` (a multiple of 32 for q8_0) take.
std::uint64_t stored_size(GgufType type, std::int64_t elements);

/// One tensor. The bytes belong to the file that it came from.
struct GgufTensor {
  std::string name = {};
  GgufType type = GgufType::float32;
  std::vector<std::int64_t> shape = {};  ///< row-major, outermost first: the format's reversed
  Bytes data = {};                       ///< exactly the elements
};

/// A file of the format GGUF, version 2 or 3, little-endian: metadata under keys, then tensors.
/// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
class GgufFile {
 public:
  /// Throws FileError naming the place if the file is damaged, of another version, or big-endian;
  /// if it holds an array of arrays, a name twice, or a tensor of another type than GgufType, that
  /// leaves the file, overlaps another or is not aligned as the file says.
  explicit GgufFile(std::filesystem::path path);

  /// Whether `bytes` begin like such a file.
  static bool is_gguf(Bytes bytes) { return as_text(bytes).starts_with("GGUF"); }

  const std::filesystem::path& path() const { return file_.path(); }

  /// In the order of the file. Valid as long as this file is.
  const std::vector<GgufTensor>& tensors() const { return tensors_; }

  /// All keys of metadata, in alphabetical order.
  std::vector<std::string_view> keys() const;

  /// A value that is no array, for messages and comparisons: a number or boolean as text, a string
  /// in quotes; empty if it is an array.
  std::string shown(std::string_view key) const;

  /// Whether there is metadata of that key.
  bool has(std::string_view key) const { return metadata_.contains(key); }

  // The value of a key. All throw FileError naming the key if it is absent or of another type, or,
  // for integer(), beyond int64. Text is as it stands in the file, not necessarily UTF-8.
  std::int64_t integer(std::string_view key) const;
  double number(std::string_view key) const;  ///< the shortest decimal that is the stored float
  bool boolean(std::string_view key) const;
  std::string_view text(std::string_view key) const;
  std::vector<std::string_view> texts(std::string_view key) const;
  std::vector<float> floats(std::string_view key) const;
  std::vector<std::int32_t> integers(std::string_view key) const;

 private:
  /// A value that lies in the file from `offset` on; of an array, the elements.
  struct Value {
    std::uint32_t type = 0;
    std::uint32_t element_type = 0;  ///< of an array
    std::uint64_t count = 0;         ///< of an array
    std::uint64_t offset = 0;
  };

  void read_metadata(ByteReader& reader, std::uint64_t count);
  void read_tensors(ByteReader& reader, std::uint64_t count);
  void place_tensors(ByteReader& reader, const std::vector<std::uint64_t>& offsets);
  Value value(std::string_view key) const;
  ByteReader reader_at(const Value& value) const;
  ByteReader array_of(std::string_view key, std::uint32_t element_type,
                      std::string_view what) const;
  [[noreturn]] void fail(std::string_view key, std::string_view problem) const;

  MappedFile file_;
  std::map<std::string, Value, std::less<>> metadata_;
  std::vector<GgufTensor> tensors_;
};

/// A value of metadata to be written; the alternatives are the format's UINT32, FLOAT32, BOOL,
/// STRING and arrays of STRING, FLOAT32 and INT32.
using GgufValue = std::variant<std::uint32_t, float, bool, std::string, std::vector<std::string>,
                               std::vector<float>, std::vector<std::int32_t>>;

/// Writes such a file, version 3, aligned to 32; it appears whole or not at all. Throws FileError
/// if the data of a tensor does not have the size that its shape and type imply, IoError if the
/// file cannot be written.
void write_gguf(const std::filesystem::path& path,
                std::span<const std::pair<std::string, GgufValue>> metadata,
                std::span<const GgufTensor> tensors);

}  // namespace minillama
