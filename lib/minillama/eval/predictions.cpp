#include "minillama/eval/predictions.h"

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/atomic_file.h"

namespace minillama {

void write_predictions(const std::filesystem::path& path, std::span<const std::int64_t> labels,
                       std::span<const std::string> sentences) {
  if (labels.size() != sentences.size()) {
    throw OptionError(fmt::format("{}: {} labels for {} sentences", quote(path.native(), 400),
                                  labels.size(), sentences.size()));
  }
  std::string lines;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    lines += fmt::format("{} ||| {}\n", labels[i], sentences[i]);
  }
  write_file(path, lines);
}

}  // namespace minillama
