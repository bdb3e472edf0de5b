#include "minillama/checkpoint/tensor_match.h"

#include <algorithm>
#include <map>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"
#include "minillama/weights/weight_format.h"

namespace minillama {
namespace {

bool is_norm_bias(const std::string& name) {
  return name.ends_with("norm.bias");
}

/// "3 missing: a, b, c" with at most eight names, "" if there are none.
std::string list(std::string_view what, const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 8;
  if (names.empty()) return "";
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kMost));
  return fmt::format("; {} {}: {}{}", names.size(), what, fmt::join(names.begin(), end, ", "),
                     names.size() > kMost ? ", …" : "");
}

bool is_float(DType dtype) {
  return dtype == DType::float64 || find_weight_format(dtype) != nullptr;
}

}  // namespace

std::vector<const TensorRecord*> match_tensors(std::span<const NeededTensor> needed,
                                               std::span<const TensorRecord> tensors,
                                               const std::filesystem::path& path) {
  std::map<std::string_view, const TensorRecord*> unclaimed;
  for (const auto& record : tensors) unclaimed.emplace(record.name, &record);

  std::vector<const TensorRecord*> matched;
  std::vector<std::string> missing;
  std::vector<std::string> misshapen;
  std::vector<std::string> of_other_type;
  for (const auto& [name, shape] : needed) {
    const auto found = unclaimed.find(name);
    if (found == unclaimed.end()) {
      if (!is_norm_bias(name)) missing.push_back(name);
      matched.push_back(nullptr);
      continue;
    }
    const TensorRecord* record = found->second;
    unclaimed.erase(found);
    if (!is_float(record->dtype)) {
      of_other_type.push_back(fmt::format("{} is {}", name, to_string(record->dtype)));
    }
    if (shape != record->shape) {
      misshapen.push_back(fmt::format("{} is [{}], must be [{}]", name,
                                      fmt::join(record->shape, ", "), fmt::join(shape, ", ")));
    }
    matched.push_back(record);
  }
  std::vector<std::string> unknown;
  for (const auto& [name, unused] : unclaimed) unknown.push_back(quote(name));
  if (!missing.empty() || !unknown.empty() || !misshapen.empty() || !of_other_type.empty()) {
    throw FileError(path, "the tensors are not those of the model" + list("missing", missing) +
                              list("unknown", unknown) + list("of another shape", misshapen) +
                              list("of a type that is no float", of_other_type));
  }
  return matched;
}

}  // namespace minillama
