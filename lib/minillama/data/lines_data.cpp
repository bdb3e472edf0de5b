#include "minillama/data/lines_data.h"

#include "minillama/text/labelled_sentences.h"

namespace minillama {

DataRecords read_lines_data(const TextFile& file) {
  DataRecords data{.path = file.path(), .records = {}};
  auto rest = file.text();
  for (std::size_t line = 1; !strip(rest).empty(); ++line) {
    const auto [label, text] = split_labelled_line(take_line(rest), file.path(), line);
    data.records.push_back({.text = std::string(text), .label = std::string(label), .line = line});
  }
  if (data.records.empty()) throw FileError(file.path(), "holds no example");
  return data;
}

}  // namespace minillama
