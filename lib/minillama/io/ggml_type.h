#pragma once

// Not part of the public interface: the types of tensors in GGUF files.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "minillama/io/dtype.h"

namespace minillama {

/// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, "ggml_type"
struct GgmlType {
  std::int64_t number;  ///< -1: it is not in GGUF
  std::string_view name;
  std::optional<DType> dtype = {};  ///< empty: known by name only
};

/// Null if there is no type of that number.
const GgmlType* find_ggml_type(std::int64_t number);

/// Null if GGUF has no such type.
const GgmlType* find_ggml_type(DType dtype);

/// Those that are read, for messages: "F32 (0), F16 (1), …".
std::string read_ggml_types();

}  // namespace minillama
