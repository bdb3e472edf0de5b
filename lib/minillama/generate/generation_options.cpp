#include "minillama/generate/generation_options.h"

#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {
namespace {

template <typename T>
void require(bool holds, std::string_view field, T value, std::string_view rule) {
  if (!holds) throw OptionError(fmt::format("{} is {}, must {}", field, value, rule));
}

}  // namespace

void GenerationOptions::validate() const {
  require(max_new_tokens >= 0, "max-new-tokens", max_new_tokens, "be 0 or positive");
  require(std::isfinite(temperature) && temperature >= 0, "temperature", temperature,
          "be 0 or positive");
  require(std::isfinite(repetition_penalty) && repetition_penalty > 0, "repetition-penalty",
          repetition_penalty, "be positive");
  require(top_k >= 0, "top-k", top_k, "be 0 or positive");
  require(top_p > 0 && top_p <= 1, "top-p", top_p, "lie in (0, 1]");
  require(min_p >= 0 && min_p <= 1, "min-p", min_p, "lie in [0, 1]");
  require(vocabulary >= 0, "vocabulary", vocabulary, "be 0 or positive");
  require(batch_size >= 1 && batch_size <= 1024, "batch-size", batch_size,
          "lie between 1 and 1024");
  require(epsilon >= 0 && epsilon <= 1, "epsilon", epsilon, "lie in [0, 1]");
}

}  // namespace minillama
