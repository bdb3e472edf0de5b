#include "minillama/data/fasttext_data.h"

#include <algorithm>

#include <fmt/format.h>

#include "minillama/text/labelled_sentences.h"

namespace minillama {
namespace {

constexpr std::string_view kSpaces = " \t\v\f";

/// The words of `text` that are labels, from the second one on, for a message.
std::string more_labels(std::string_view text) {
  std::string found;
  while (!(text = strip(text)).empty()) {
    const auto word = text.substr(0, text.find_first_of(kSpaces));
    if (word.starts_with(kFasttextPrefix))
      found += (found.empty() ? "" : " and ") + quote(word, 40);
    text.remove_prefix(word.size());
  }
  return found;
}

}  // namespace

DataRecords read_fasttext_data(const TextFile& file) {
  DataRecords data{.path = file.path(), .records = {}};
  auto rest = file.text();
  for (std::size_t line = 1; !strip(rest).empty(); ++line) {
    const auto all = strip(take_line(rest));
    if (!all.starts_with(kFasttextPrefix)) {
      throw FileError(file.path(), line,
                      fmt::format("does not begin with \"{}\": {}", kFasttextPrefix, quote(all)));
    }
    const auto label = all.substr(0, all.find_first_of(kSpaces));
    const auto text = all.substr(label.size());
    if (const auto more = more_labels(text); !more.empty()) {
      throw FileError(file.path(), line,
                      fmt::format("has the label {}, too: an example has one", more));
    }
    data.records.push_back({.text = std::string(text),
                            .label = std::string(label.substr(kFasttextPrefix.size())),
                            .line = line});
  }
  if (data.records.empty()) throw FileError(file.path(), "holds no example");
  return data;
}

}  // namespace minillama
