#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace minillama {

/// Bytes of a file, owned by somebody else.
using Bytes = std::span<const std::byte>;

inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace minillama
