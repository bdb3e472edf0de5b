#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "minillama/io/byte_reader.h"

namespace minillama {

/// Reads the fields of one protobuf message (https://protobuf.dev/programming-guides/encoding).
///
///     while (message.next()) {
///       if (message.field() == 3) count = message.int32();
///     }
///
/// A field that is not asked for is skipped. Throws FileError on bytes that are no message, and on
/// a field that is not of the type it is asked for.
class ProtobufReader {
 public:
  /// `path` is for error messages and must outlive the reader.
  ProtobufReader(Bytes message, const std::filesystem::path& path) : reader_(message, path) {}

  /// Goes to the next field; false at the end of the message.
  bool next();

  /// The current field's number.
  std::uint32_t field() const { return field_; }

  /// The current field's value. An int32 is also how an enum is stored.
  std::int32_t int32() const;
  bool boolean() const;
  float float32() const;
  std::string string() const { return std::string(as_text(bytes())); }
  Bytes bytes() const;  ///< also a message within the message

 private:
  enum class WireType : std::uint8_t { varint = 0, fixed64 = 1, length = 2, fixed32 = 5 };

  std::uint64_t read_varint();
  void expect(WireType type) const;

  ByteReader reader_;
  std::uint32_t field_ = 0;
  WireType type_ = WireType::varint;
  std::uint64_t number_ = 0;  // of a varint or fixed field
  Bytes bytes_;               // of a length field
};

/// Writes the fields of one protobuf message.
class ProtobufWriter {
 public:
  void int32(std::uint32_t field, std::int32_t value) { int64(field, value); }
  void int64(std::uint32_t field, std::int64_t value);
  void boolean(std::uint32_t field, bool value) { int64(field, value ? 1 : 0); }
  void float32(std::uint32_t field, float value);
  void float64(std::uint32_t field, double value);
  void string(std::uint32_t field, std::string_view value);
  void message(std::uint32_t field, const ProtobufWriter& value) { string(field, value.out_); }

  /// The message so far.
  const std::string& out() const { return out_; }

 private:
  void write_varint(std::uint64_t value);
  void write_fixed(std::uint64_t bits, int n_bits);

  std::string out_;
};

}  // namespace minillama
