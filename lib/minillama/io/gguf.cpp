#include "minillama/io/gguf.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/file_kind.h"

namespace minillama {
namespace {

// Numbers of the format's value types.
constexpr std::uint32_t kUint8 = 0, kInt8 = 1, kUint16 = 2, kInt16 = 3, kUint32 = 4, kInt32 = 5,
                        kFloat32 = 6, kBool = 7, kString = 8, kArray = 9, kUint64 = 10, kInt64 = 11,
                        kFloat64 = 12;

constexpr std::size_t kMaxDimensions = 4;
/// Far more tensors, and more keys, than any model has.
constexpr std::uint64_t kMostEntries = 1 << 16;
constexpr std::uint64_t kDefaultAlignment = 32;
constexpr std::uint64_t kLargestAlignment = std::uint64_t{1} << 20;

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

std::string_view read_string(ByteReader& reader) {
  return as_text(reader.take(reader.read<std::uint64_t>()));
}

/// Moves past a value that is no array.
void skip(ByteReader& reader, std::uint32_t type) {
  if (type == kString) {
    read_string(reader);
  } else if (const std::uint64_t size = fixed_size(type); size > 0) {
    reader.take(size);
  } else {
    reader.fail(fmt::format("a value of type {}, which is unknown or an array in an array", type));
  }
}

/// What people know the types by that are not read.
constexpr std::array<std::pair<std::uint32_t, std::string_view>, 21> kOtherTypes{
    {{2, "Q4_0"},    {3, "Q4_1"},     {6, "Q5_0"},   {7, "Q5_1"},    {9, "Q8_1"},   {10, "Q2_K"},
     {11, "Q3_K"},   {12, "Q4_K"},    {13, "Q5_K"},  {14, "Q6_K"},   {15, "Q8_K"},  {16, "IQ2_XXS"},
     {17, "IQ2_XS"}, {18, "IQ3_XXS"}, {19, "IQ1_S"}, {20, "IQ4_NL"}, {21, "IQ3_S"}, {22, "IQ2_S"},
     {23, "IQ4_XS"}, {29, "IQ1_M"},   {28, "F64"}}};

GgufType tensor_type(std::uint32_t number, std::string_view name,
                     const std::filesystem::path& path) {
  for (const auto type :
       {GgufType::float32, GgufType::float16, GgufType::q8_0, GgufType::bfloat16}) {
    if (static_cast<std::uint32_t>(type) == number) return type;
  }
  const auto known =
      std::ranges::find(kOtherTypes, number, &std::pair<std::uint32_t, std::string_view>::first);
  throw FileError(
      path, fmt::format("tensor {}: is of ggml type {}{}, which is not supported; F32 (0), "
                        "F16 (1), Q8_0 (8) and BF16 (30) are",
                        quote(name), number,
                        known == kOtherTypes.end() ? "" : fmt::format(" ({})", known->second)));
}

}  // namespace

std::uint64_t stored_size(GgufType type, std::int64_t elements) {
  const auto count = static_cast<std::uint64_t>(elements);
  switch (type) {
    case GgufType::float32:
      return 4 * count;
    case GgufType::q8_0:
      return count / 32 * 34;
    default:
      return 2 * count;
  }
}

GgufFile::GgufFile(std::filesystem::path path) : file_(std::move(path)) {
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
  const auto n_tensors = reader.read<std::uint64_t>();
  const auto n_values = reader.read<std::uint64_t>();
  if (n_tensors > kMostEntries || n_values > kMostEntries) {
    throw FileError(file_.path(),
                    fmt::format("would have {} tensors and {} keys, at most {} of each", n_tensors,
                                n_values, kMostEntries));
  }
  read_metadata(reader, n_values);
  read_tensors(reader, n_tensors);
}

void GgufFile::read_metadata(ByteReader& reader, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string key(read_string(reader));
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
    if (!metadata_.emplace(key, value).second) fail(key, "is there twice");
  }
}

void GgufFile::read_tensors(ByteReader& reader, std::uint64_t count) {
  std::set<std::string_view> names;
  std::vector<std::uint64_t> offsets;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string_view name = read_string(reader);
    GgufTensor tensor{.name = std::string(name)};
    const auto refuse = [&](std::string_view problem) {
      throw FileError(path(), fmt::format("tensor {}: {}", quote(name), problem));
    };
    if (!names.insert(name).second) refuse("is there twice");
    const auto n_dimensions = reader.read<std::uint32_t>();
    if (n_dimensions > kMaxDimensions) refuse(fmt::format("has {} dimensions", n_dimensions));
    // Every element of every dimension is at least a byte of the file, or nearly.
    std::int64_t elements = 1;
    for (std::uint32_t k = 0; k < n_dimensions; ++k) {
      const auto size = reader.read<std::uint64_t>();
      if (size == 0 || size > file_.bytes().size() ||
          __builtin_mul_overflow(elements, static_cast<std::int64_t>(size), &elements)) {
        refuse(fmt::format("has a dimension of {}", size));
      }
      tensor.shape.insert(tensor.shape.begin(), static_cast<std::int64_t>(size));
    }
    tensor.type = tensor_type(reader.read<std::uint32_t>(), name, path());
    if (tensor.type == GgufType::q8_0 && (tensor.shape.empty() || tensor.shape.back() % 32 != 0)) {
      refuse("is of type Q8_0, but its rows are no multiple of 32");
    }
    if (static_cast<std::uint64_t>(elements) > file_.bytes().size()) {
      refuse(fmt::format("has {} elements, more than the file has bytes", elements));
    }
    offsets.push_back(reader.read<std::uint64_t>());
    tensors_.push_back(std::move(tensor));
  }
  place_tensors(reader, offsets);
}

void GgufFile::place_tensors(ByteReader& reader, const std::vector<std::uint64_t>& offsets) {
  const std::int64_t alignment =
      has("general.alignment") ? integer("general.alignment") : kDefaultAlignment;
  if (alignment < 8 || alignment > static_cast<std::int64_t>(kLargestAlignment) ||
      (alignment & (alignment - 1)) != 0) {
    fail("general.alignment", fmt::format("is {}, must be a power of 2 from 8 on", alignment));
  }
  if (tensors_.empty()) return;
  const auto step = static_cast<std::uint64_t>(alignment);
  reader.seek((reader.offset() + step - 1) / step * step);
  const Bytes data = reader.rest();

  std::vector<std::size_t> order(tensors_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return offsets[a] < offsets[b]; });
  std::uint64_t end = 0;
  for (const std::size_t i : order) {
    GgufTensor& tensor = tensors_[i];
    std::int64_t elements = 1;
    for (const std::int64_t size : tensor.shape) elements *= size;
    const std::uint64_t size = stored_size(tensor.type, elements);
    const std::uint64_t begin = offsets[i];
    if (begin % step != 0 || begin < end || begin > data.size() || size > data.size() - begin) {
      throw FileError(path(), fmt::format("tensor {}: {} bytes at offset {} are not aligned to {}, "
                                          "overlap another tensor, or leave the {} bytes of data",
                                          quote(tensor.name), size, begin, step, data.size()));
    }
    tensor.data = data.subspan(begin, size);
    end = begin + size;
  }
}

void GgufFile::fail(std::string_view key, std::string_view problem) const {
  throw FileError(path(), fmt::format("{} {}", quote(key), problem));
}

GgufFile::Value GgufFile::value(std::string_view key) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) fail(key, "is missing");
  return found->second;
}

ByteReader GgufFile::reader_at(const Value& value) const {
  ByteReader reader(file_.bytes(), file_.path());
  reader.seek(value.offset);
  return reader;
}

std::vector<std::string_view> GgufFile::keys() const {
  std::vector<std::string_view> keys;
  for (const auto& [key, unused] : metadata_) keys.push_back(key);
  return keys;
}

std::string GgufFile::shown(std::string_view key) const {
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

std::int64_t GgufFile::integer(std::string_view key) const {
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

double GgufFile::number(std::string_view key) const {
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

bool GgufFile::boolean(std::string_view key) const {
  const Value found = value(key);
  if (found.type != kBool) fail(key, "is neither true nor false");
  return reader_at(found).read<std::uint8_t>() != 0;
}

std::string_view GgufFile::text(std::string_view key) const {
  const Value found = value(key);
  if (found.type != kString) fail(key, "is no string");
  ByteReader reader = reader_at(found);
  return read_string(reader);
}

ByteReader GgufFile::array_of(std::string_view key, std::uint32_t element_type,
                              std::string_view what) const {
  const Value found = value(key);
  if (found.type != kArray || found.element_type != element_type) {
    fail(key, fmt::format("is no array of {}", what));
  }
  return reader_at(found);
}

std::vector<std::string_view> GgufFile::texts(std::string_view key) const {
  ByteReader reader = array_of(key, kString, "strings");
  std::vector<std::string_view> out;
  for (std::uint64_t i = 0; i < value(key).count; ++i) out.push_back(read_string(reader));
  return out;
}

std::vector<float> GgufFile::floats(std::string_view key) const {
  ByteReader reader = array_of(key, kFloat32, "float32");
  std::vector<float> out(value(key).count);
  for (float& number : out) number = reader.read<float>();
  return out;
}

std::vector<std::int32_t> GgufFile::integers(std::string_view key) const {
  ByteReader reader = array_of(key, kInt32, "int32");
  std::vector<std::int32_t> out(value(key).count);
  for (std::int32_t& number : out) number = reader.read<std::int32_t>();
  return out;
}

}  // namespace minillama
