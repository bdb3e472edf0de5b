#include "minillama/io/gguf_metadata.h"

#include <charconv>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/file_kind.h"

namespace minillama {
namespace {

// Numbers of the format's value types.
constexpr std::uint32_t kUint8 = 0, kInt8 = 1, kUint16 = 2, kInt16 = 3, kUint32 = 4, kInt32 = 5,
                        kFloat32 = 6, kBool = 7, kString = 8, kArray = 9, kUint64 = 10, kInt64 = 11,
                        kFloat64 = 12;

/// Far more tensors, and more keys, than any model has.
constexpr std::uint64_t kMostEntries = 1 << 16;

/// Bytes of a value of fixed size, 0 of the others.
std::uint64_t fixed_size(std::uint32_t type) {
  switch (type) {
    case kUint8:
    case kInt8:
    case kBool:
      return 1;
    case kUint16:
    case kInt16:
      return 2;
    case kUint32:
    case kInt32:
    case kFloat32:
      return 4;
    case kUint64:
    case kInt64:
    case kFloat64:
      return 8;
    default:
      return 0;
  }
}

/// Moves past a value that is no array.
void skip(ByteReader& reader, std::uint32_t type) {
  if (type == kString) {
    read_gguf_string(reader);
  } else if (const std::uint64_t size = fixed_size(type); size > 0) {
    reader.take(size);
  } else {
    reader.fail(fmt::format("a value of type {}, which is unknown or an array in an array", type));
  }
}

}  // namespace

std::string_view read_gguf_string(ByteReader& reader) {
  return as_text(reader.take(reader.read<std::uint64_t>()));
}

GgufMetadata::GgufMetadata(std::filesystem::path path) : file_(std::move(path)) {
  refuse_failed_download(file_.bytes(), file_.path());
  if (!is_gguf(file_.bytes())) throw FileError(file_.path(), "is no GGUF file");
  ByteReader reader(file_.bytes(), file_.path());
  reader.seek(4);
  const auto version = reader.read<std::uint32_t>();
  if (version == 0x02000000 || version == 0x03000000) {
    throw FileError(file_.path(), "is a big-endian GGUF file; only little-endian ones are read");
  }
  if (version != 2 && version != 3) {
    throw FileError(file_.path(),
                    fmt::format("is of version {} of GGUF; 2 and 3 are read", version));
  }
  n_tensors_ = reader.read<std::uint64_t>();
  const auto n_values = reader.read<std::uint64_t>();
  if (n_tensors_ > kMostEntries || n_values > kMostEntries) {
    throw FileError(file_.path(),
                    fmt::format("would have {} tensors and {} keys, at most {} of each", n_tensors_,
                                n_values, kMostEntries));
  }
  read(reader, n_values);
  end_ = reader.offset();
}

void GgufMetadata::read(ByteReader& reader, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string key(read_gguf_string(reader));
    Value value{.type = reader.read<std::uint32_t>()};
    if (value.type == kArray) {
      value.element_type = reader.read<std::uint32_t>();
      value.count = reader.read<std::uint64_t>();
      value.offset = reader.offset();
      // An element takes a byte at least, so a wrong count soon meets the end of the file.
      for (std::uint64_t k = 0; k < value.count; ++k) skip(reader, value.element_type);
    } else {
      value.offset = reader.offset();
      skip(reader, value.type);
    }
    if (!values_.emplace(key, value).second) fail(key, "is there twice");
  }
}

void GgufMetadata::fail(std::string_view key, std::string_view problem) const {
  throw FileError(path(), fmt::format("{} {}", quote(key), problem));
}

GgufMetadata::Value GgufMetadata::value(std::string_view key) const {
  const auto found = values_.find(key);
  if (found == values_.end()) fail(key, "is missing");
  return found->second;
}

ByteReader GgufMetadata::reader_at(const Value& value) const {
  ByteReader reader(file_.bytes(), file_.path());
  reader.seek(value.offset);
  return reader;
}

std::vector<std::string_view> GgufMetadata::keys() const {
  std::vector<std::string_view> keys;
  for (const auto& [key, unused] : values_) keys.push_back(key);
  return keys;
}

std::string GgufMetadata::shown(std::string_view key) const {
  switch (value(key).type) {
    case kArray:
      return "";
    case kString:
      return quote(text(key));
    case kBool:
      return boolean(key) ? "true" : "false";
    case kFloat32:
    case kFloat64:
      return fmt::format("{}", number(key));
    case kUint64:
      return fmt::format("{}", reader_at(value(key)).read<std::uint64_t>());
    default:
      return fmt::format("{}", integer(key));
  }
}

std::int64_t GgufMetadata::integer(std::string_view key) const {
  const Value found = value(key);
  ByteReader reader = reader_at(found);
  switch (found.type) {
    case kUint8:
      return reader.read<std::uint8_t>();
    case kInt8:
      return reader.read<std::int8_t>();
    case kUint16:
      return reader.read<std::uint16_t>();
    case kInt16:
      return reader.read<std::int16_t>();
    case kUint32:
      return reader.read<std::uint32_t>();
    case kInt32:
      return reader.read<std::int32_t>();
    case kInt64:
      return reader.read<std::int64_t>();
    case kUint64: {
      const auto number = reader.read<std::uint64_t>();
      if (number > INT64_MAX) fail(key, fmt::format("is {}: too large", number));
      return static_cast<std::int64_t>(number);
    }
    default:
      fail(key, "is no integer");
  }
}

double GgufMetadata::number(std::string_view key) const {
  const Value found = value(key);
  ByteReader reader = reader_at(found);
  if (found.type == kFloat64) return reader.read<double>();
  if (found.type != kFloat32) fail(key, "is no number");
  // 1e-5 as a float is 9.99999974738e-06, which is not what anyone meant.
  char digits[32];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), reader.read<float>()).ptr;
  double number = 0;
  std::from_chars(std::begin(digits), end, number);
  return number;
}

bool GgufMetadata::boolean(std::string_view key) const {
  const Value found = value(key);
  if (found.type != kBool) fail(key, "is neither true nor false");
  return reader_at(found).read<std::uint8_t>() != 0;
}

std::string_view GgufMetadata::text(std::string_view key) const {
  const Value found = value(key);
  if (found.type != kString) fail(key, "is no string");
  ByteReader reader = reader_at(found);
  return read_gguf_string(reader);
}

ByteReader GgufMetadata::array_of(std::string_view key, std::uint32_t element_type,
                                  std::string_view what) const {
  const Value found = value(key);
  if (found.type != kArray || found.element_type != element_type) {
    fail(key, fmt::format("is no array of {}", what));
  }
  return reader_at(found);
}

std::vector<std::string_view> GgufMetadata::texts(std::string_view key) const {
  ByteReader reader = array_of(key, kString, "strings");
  std::vector<std::string_view> out;
  for (std::uint64_t i = 0; i < value(key).count; ++i) out.push_back(read_gguf_string(reader));
  return out;
}

std::vector<float> GgufMetadata::floats(std::string_view key) const {
  ByteReader reader = array_of(key, kFloat32, "float32");
  std::vector<float> out(value(key).count);
  for (float& number : out) number = reader.read<float>();
  return out;
}

std::vector<std::int32_t> GgufMetadata::integers(std::string_view key) const {
  ByteReader reader = array_of(key, kInt32, "int32");
  std::vector<std::int32_t> out(value(key).count);
  for (std::int32_t& number : out) number = reader.read<std::int32_t>();
  return out;
}

}  // namespace minillama
