#include "minillama/io/ggml_type.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace minillama {
namespace {

constexpr std::array<GgmlType, 26> kTypes{{{0, "F32", DType::float32},
                                           {1, "F16", DType::float16},
                                           {2, "Q4_0", DType::q4_0},
                                           {3, "Q4_1"},
                                           {6, "Q5_0"},
                                           {7, "Q5_1"},
                                           {8, "Q8_0", DType::q8_0},
                                           {9, "Q8_1"},
                                           {10, "Q2_K"},
                                           {11, "Q3_K"},
                                           {12, "Q4_K"},
                                           {13, "Q5_K"},
                                           {14, "Q6_K"},
                                           {15, "Q8_K"},
                                           {16, "IQ2_XXS"},
                                           {17, "IQ2_XS"},
                                           {18, "IQ3_XXS"},
                                           {19, "IQ1_S"},
                                           {20, "IQ4_NL"},
                                           {21, "IQ3_S"},
                                           {22, "IQ2_S"},
                                           {23, "IQ4_XS"},
                                           {28, "F64"},
                                           {29, "IQ1_M"},
                                           {30, "BF16", DType::bfloat16},
                                           {34, "TQ1_0"}}};

const GgmlType* pointer_to(decltype(kTypes)::const_iterator found) {
  return found == kTypes.end() ? nullptr : &*found;
}

}  // namespace

const GgmlType* find_ggml_type(std::uint32_t number) {
  return pointer_to(std::ranges::find(kTypes, number, &GgmlType::number));
}

const GgmlType* find_ggml_type(DType dtype) {
  return pointer_to(std::ranges::find(kTypes, std::optional(dtype), &GgmlType::dtype));
}

std::string read_ggml_types() {
  std::string names;
  for (const auto& type : kTypes) {
    if (!type.dtype) continue;
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", type.name, type.number);
  }
  return names;
}

}  // namespace minillama
