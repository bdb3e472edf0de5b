#include "minillama/eval/predictions.h"

#include <algorithm>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/atomic_file.h"

namespace minillama {
namespace {

bool is_line_end(char c) {
  return c == '\n' || c == '\r';
}

}  // namespace

void write_predictions(const std::filesystem::path& path, std::span<const std::int64_t> labels,
                       std::span<const std::string> sentences) {
  if (labels.size() != sentences.size()) {
    throw OptionError(fmt::format("{}: {} labels for {} sentences", quote(path.native(), 400),
                                  labels.size(), sentences.size()));
  }
  std::string lines;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    auto sentence = sentences[i];
    std::ranges::replace_if(sentence, is_line_end, ' ');
    lines += fmt::format("{} ||| {}\n", labels[i], sentence);
  }
  write_file(path, lines);
}

}  // namespace minillama
