#include "minillama/text/sentiment_prompt.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace minillama {

std::string sentiment_question(std::span<const std::string> label_names) {
  const auto& last = label_names.back();
  const auto others = label_names.first(label_names.size() - 1);
  const auto separator = others.size() == 1 ? " or " : ", or ";
  return fmt::format("Is this movie {}{}{}? This movie is", fmt::join(others, ", "), separator,
                     last);
}

}  // namespace minillama
