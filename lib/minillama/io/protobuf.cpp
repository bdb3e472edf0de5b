#include "minillama/io/protobuf.h"

#include <bit>
#include <limits>

#include <fmt/format.h>

namespace minillama {

bool ProtobufReader::next() {
  if (reader_.remaining() == 0) return false;
  const std::uint64_t tag = read_varint();
  if (tag >> 3 == 0 || tag > std::numeric_limits<std::uint32_t>::max()) {
    reader_.fail(fmt::format("no protobuf message: tag {}", tag));
  }
  field_ = static_cast<std::uint32_t>(tag >> 3);
  type_ = static_cast<WireType>(tag & 7);
  switch (type_) {
    case WireType::varint:
      number_ = read_varint();
      return true;
    case WireType::fixed64:
      number_ = reader_.read<std::uint64_t>();
      return true;
    case WireType::fixed32:
      number_ = reader_.read<std::uint32_t>();
      return true;
    case WireType::length:
      bytes_ = reader_.take(read_varint());
      return true;
  }
  reader_.fail(fmt::format("no protobuf message: field {} has wire type {}", field_, tag & 7));
}

std::uint64_t ProtobufReader::read_varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const auto byte = reader_.read<std::uint8_t>();
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  reader_.fail("no protobuf message: a number of more than 10 bytes");
}

void ProtobufReader::expect(WireType type) const {
  if (type_ != type) reader_.fail(fmt::format("field {} is of the wrong type", field_));
}

std::int32_t ProtobufReader::int32() const {
  expect(WireType::varint);
  const auto value = static_cast<std::int64_t>(number_);
  if (value != static_cast<std::int32_t>(value)) {
    reader_.fail(fmt::format("field {} is {}: out of range", field_, value));
  }
  return static_cast<std::int32_t>(value);
}

bool ProtobufReader::boolean() const {
  expect(WireType::varint);
  return number_ != 0;
}

float ProtobufReader::float32() const {
  expect(WireType::fixed32);
  return std::bit_cast<float>(static_cast<std::uint32_t>(number_));
}

Bytes ProtobufReader::bytes() const {
  expect(WireType::length);
  return bytes_;
}

void ProtobufWriter::int64(std::uint32_t field, std::int64_t value) {
  write_varint(field << 3);
  // A negative number is written with all its 64 bits, whatever its type.
  write_varint(static_cast<std::uint64_t>(value));
}

void ProtobufWriter::float32(std::uint32_t field, float value) {
  write_varint(field << 3 | 5);
  write_fixed(std::bit_cast<std::uint32_t>(value), 32);
}

void ProtobufWriter::float64(std::uint32_t field, double value) {
  write_varint(field << 3 | 1);
  write_fixed(std::bit_cast<std::uint64_t>(value), 64);
}

void ProtobufWriter::string(std::uint32_t field, std::string_view value) {
  write_varint(field << 3 | 2);
  write_varint(value.size());
  out_ += value;
}

void ProtobufWriter::write_fixed(std::uint64_t bits, int n_bits) {
  for (int shift = 0; shift < n_bits; shift += 8) out_ += static_cast<char>(bits >> shift & 0xFF);
}

void ProtobufWriter::write_varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
  out_ += static_cast<char>(value);
}

}  // namespace minillama
