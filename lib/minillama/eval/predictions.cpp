#include "minillama/eval/predictions.h"

#include <fmt/format.h>

#include "minillama/io/atomic_file.h"

namespace minillama {

void write_predictions(const std::filesystem::path& path, std::span<const std::int64_t> labels,
                       std::span<const std::string> sentences) {
  std::string lines;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    lines += fmt::format("{} ||| {}\n", labels[i], sentences[i]);
  }
  write_file(path, lines);
}

}  // namespace minillama
