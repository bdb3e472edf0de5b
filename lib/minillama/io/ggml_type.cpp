#include "minillama/io/ggml_type.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace minillama {
namespace {

constexpr std::array kRead = {
#define MINILLAMA_DTYPE(name, bytes, elements, number, ggml_name) \
  GgmlType{number, ggml_name, DType::name},
    MINILLAMA_DTYPES(MINILLAMA_DTYPE)
#undef MINILLAMA_DTYPE
};

constexpr std::array<GgmlType, 18> kKnownByName{{{9, "Q8_1"},
                                                 {15, "Q8_K"},
                                                 {16, "IQ2_XXS"},
                                                 {17, "IQ2_XS"},
                                                 {18, "IQ3_XXS"},
                                                 {19, "IQ1_S"},
                                                 {21, "IQ3_S"},
                                                 {22, "IQ2_S"},
                                                 {23, "IQ4_XS"},
                                                 {24, "I8"},
                                                 {25, "I16"},
                                                 {26, "I32"},
                                                 {27, "I64"},
                                                 {29, "IQ1_M"},
                                                 {34, "TQ1_0"},
                                                 {35, "TQ2_0"},
                                                 {39, "MXFP4"},
                                                 {40, "NVFP4"}}};

const GgmlType* find(const auto& types, const auto& matches) {
  const auto found = std::ranges::find_if(types, matches);
  return found == types.end() ? nullptr : &*found;
}

}  // namespace

const GgmlType* find_ggml_type(std::int64_t number) {
  const auto has_number = [&](const GgmlType& type) { return type.number == number; };
  if (number < 0) return nullptr;
  const auto* type = find(kRead, has_number);
  return type != nullptr ? type : find(kKnownByName, has_number);
}

const GgmlType* find_ggml_type(DType dtype) {
  return find(kRead, [&](const GgmlType& type) { return type.dtype == dtype && type.number >= 0; });
}

std::string read_ggml_types() {
  std::string names;
  for (const auto& type : kRead) {
    if (type.number < 0) continue;
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", type.name, type.number);
  }
  return names;
}

}  // namespace minillama
