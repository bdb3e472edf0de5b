#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace minillama {

// The table of the element types that checkpoints store: their name here (PyTorch's, where it has
// the type), the bytes of a block, the elements of a block, and the number and the name that GGUF
// has for them (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, "ggml_type"; -1 and ""
// if it has none). Elements of a block are stored together; of most types a block is one element.
// Types of larger blocks are GGUF's, and kernels/ has a header for each.
#define MINILLAMA_DTYPES(row)                                                                      \
  row(float64, 8, 1, 28, "F64") row(float32, 4, 1, 0, "F32") row(float16, 2, 1, 1, "F16")          \
      row(bfloat16, 2, 1, 30, "BF16") row(int64, 8, 1, -1, "") row(int32, 4, 1, -1, "")            \
          row(int16, 2, 1, -1, "") row(int8, 1, 1, -1, "") row(uint8, 1, 1, -1, "")                \
              row(boolean, 1, 1, -1, "") row(q4_0, 18, 32, 2, "Q4_0") row(q4_1, 20, 32, 3, "Q4_1") \
                  row(q5_0, 22, 32, 6, "Q5_0") row(q5_1, 24, 32, 7, "Q5_1")                        \
                      row(q8_0, 34, 32, 8, "Q8_0") row(q2_k, 84, 256, 10, "Q2_K")                  \
                          row(q3_k, 110, 256, 11, "Q3_K") row(q4_k, 144, 256, 12, "Q4_K")          \
                              row(q5_k, 176, 256, 13, "Q5_K") row(q6_k, 210, 256, 14, "Q6_K")      \
                                  row(iq4_nl, 18, 32, 20, "IQ4_NL")

enum class DType {
#define MINILLAMA_DTYPE(name, bytes, elements, number, ggml_name) name,
  MINILLAMA_DTYPES(MINILLAMA_DTYPE)
#undef MINILLAMA_DTYPE
};

struct DTypeFacts {
  std::string_view name;
  std::size_t bytes;     // of a block
  std::size_t elements;  // of a block
};

/// In the order of the enumeration.
inline constexpr std::array kDTypeFacts = {
#define MINILLAMA_DTYPE(name, bytes, elements, number, ggml_name) \
  DTypeFacts{#name, bytes, elements},
    MINILLAMA_DTYPES(MINILLAMA_DTYPE)
#undef MINILLAMA_DTYPE
};

/// "float32", "q8_0", …
constexpr std::string_view to_string(DType dtype) {
  return dtype == DType::boolean ? "bool" : kDTypeFacts[static_cast<std::size_t>(dtype)].name;
}

/// Elements in a block. The last dimension of a tensor is a multiple of it.
constexpr std::size_t block_size(DType dtype) {
  return kDTypeFacts[static_cast<std::size_t>(dtype)].elements;
}

/// Bytes of a block: of an element, of most types.
constexpr std::size_t byte_size(DType dtype) {
  return kDTypeFacts[static_cast<std::size_t>(dtype)].bytes;
}

/// Bytes of so many elements, a multiple of the block.
constexpr std::size_t storage_size(DType dtype, std::int64_t elements) {
  return static_cast<std::size_t>(elements) / block_size(dtype) * byte_size(dtype);
}

}  // namespace minillama
