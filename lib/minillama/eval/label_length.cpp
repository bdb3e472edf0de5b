#include "minillama/eval/label_length.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"

namespace minillama {
namespace {

constexpr LabelLength kLengths[] = {
    {"none", [](std::string_view, const TokenIds&) { return 1.0; }},
    {"tokens",
     [](std::string_view, const TokenIds& ids) { return static_cast<double>(ids.size()); }},
    {"bytes",
     [](std::string_view label, const TokenIds&) { return static_cast<double>(label.size()); }}};

}  // namespace

std::span<const LabelLength> label_lengths() {
  return kLengths;
}

const LabelLength& label_length(std::string_view name) {
  const auto found = std::ranges::find(kLengths, name, &LabelLength::name);
  if (found != std::end(kLengths)) return *found;
  std::vector<std::string_view> names;
  for (const auto& length : kLengths) names.push_back(length.name);
  throw OptionError(
      fmt::format("length normalization is {}, must be {}", quote(name), fmt::join(names, " or ")));
}

}  // namespace minillama
