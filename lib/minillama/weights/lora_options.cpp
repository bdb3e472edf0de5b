#include "minillama/weights/lora_options.h"

#include <cmath>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {

void LoraOptions::validate() const {
  constexpr std::int64_t kLargestRank = 65536;
  if (rank < 1 || rank > kLargestRank) {
    throw OptionError(
        fmt::format("lora: rank is {}, must lie between 1 and {}", rank, kLargestRank));
  }
  if (!std::isfinite(alpha)) throw OptionError(fmt::format("lora: alpha is {}", alpha));
  if (!(dropout >= 0 && dropout < 1)) {
    throw OptionError(fmt::format("lora: dropout is {}, must lie in [0, 1)", dropout));
  }
  if (targets.empty()) throw OptionError("lora: targets names no linear");
}

bool names_linear(std::string_view target, std::string_view full_name) {
  if (!full_name.ends_with(target)) return false;
  full_name.remove_suffix(target.size());
  return full_name.empty() || full_name.ends_with('.');
}

bool is_adapter_parameter(std::string_view name) {
  return name.ends_with(".lora_A") || name.ends_with(".lora_B");
}

}  // namespace minillama
