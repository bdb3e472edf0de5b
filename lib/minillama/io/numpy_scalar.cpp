#include "minillama/io/numpy_scalar.h"

#include <cstdint>
#include <cstring>
#include <string>

namespace minillama {
namespace {

/// The bytes that numpy stored for a scalar: Python's bytes, or what protocol 2 has in their place,
/// a call of _codecs.encode with text of the characters U+0000 to U+00FF.
std::optional<std::string> numpy_bytes(PickleValue value) {
  if (value.kind() == PickleKind::bytes) return std::string(value.text());
  if (!value.callable().is_global("_codecs", "encode") || value.args().size() != 2) return {};
  const auto text = value.args().item(0).string();
  if (!text || value.args().item(1).string() != "latin1") return {};
  std::string bytes;
  for (std::size_t i = 0; i < text->size(); ++i) {
    const auto first = static_cast<unsigned char>((*text)[i]);
    if (first < 0x80) {
      bytes += static_cast<char>(first);
    } else if (first <= 0xC3 && i + 1 < text->size()) {  // two bytes of UTF-8 for one
      const auto second = static_cast<unsigned char>((*text)[++i]);
      bytes += static_cast<char>(((first & 0x03U) << 6U) | (second & 0x3FU));
    } else {
      return {};
    }
  }
  return bytes;
}

template <typename T>
std::optional<T> as_number(std::string_view bytes) {
  T number;
  if (bytes.size() != sizeof(number)) return {};
  std::memcpy(&number, bytes.data(), sizeof(number));
  return number;
}

}  // namespace

std::optional<PythonScalar> numpy_number(std::string_view type, std::string_view bytes) {
  const auto to = [](auto number, auto as) -> std::optional<PythonScalar> {
    if (!number) return {};
    return static_cast<decltype(as)>(*number);
  };
  if (type == "f8") return to(as_number<double>(bytes), 0.0);
  if (type == "f4") return to(as_number<float>(bytes), 0.0);
  if (type == "i8") return to(as_number<std::int64_t>(bytes), std::int64_t{});
  if (type == "i4") return to(as_number<std::int32_t>(bytes), std::int64_t{});
  if (type == "i2") return to(as_number<std::int16_t>(bytes), std::int64_t{});
  if (type == "u4") return to(as_number<std::uint32_t>(bytes), std::int64_t{});
  if (type == "b1") return to(as_number<std::uint8_t>(bytes), bool{});
  return {};
}

std::optional<PythonScalar> numpy_scalar(PickleValue value) {
  const auto callable = value.callable();
  if ((callable.module() != "numpy.core.multiarray" &&
       callable.module() != "numpy._core.multiarray") ||
      callable.name() != "scalar" || value.args().size() != 2) {
    return {};
  }
  const auto dtype = value.args().item(0);
  if (!dtype.callable().is_global("numpy", "dtype") || dtype.args().size() < 1) return {};
  const auto type = dtype.args().item(0).string();
  const auto bytes = numpy_bytes(value.args().item(1));
  // What __setstate__ gets: (version, byte order, …).
  const auto state = dtype.state();
  const bool big_endian = state.is_sequence() && state.size() > 1 && state.item(1).string() == ">";
  if (!type || !bytes || big_endian) return {};
  return numpy_number(*type, *bytes);
}

}  // namespace minillama
