#include "minillama/text/sentiment_prompt.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"

namespace minillama {
namespace {

std::string question(std::span<const std::string> label_names) {
  if (label_names.size() < 2) {
    throw OptionError(
        fmt::format("a question for {} labels: at least 2 are needed", label_names.size()));
  }
  const auto& last = label_names.back();
  const auto others = label_names.first(label_names.size() - 1);
  const auto separator = others.size() == 1 ? " or " : ", or ";
  return fmt::format("Is this movie {}{}{}?", fmt::join(others, ", "), separator, last);
}

}  // namespace

std::string sentiment_question(std::span<const std::string> label_names) {
  return question(label_names) + " This movie is";
}

std::string sentiment_conversation(std::span<const std::string> label_names) {
  return fmt::format("{{sentence}} {}{{answer}}This movie is", question(label_names));
}

}  // namespace minillama
