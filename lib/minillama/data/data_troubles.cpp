#include "minillama/data/data_troubles.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"

namespace minillama {
namespace {

/// A line if there is anything to tell.
void tell(std::vector<std::string>& lines, std::size_t n, const std::string& what) {
  if (n > 0) lines.push_back(fmt::format("{} {}", n, what));
}

void tell_of(const DataReport::Part& part, const DataReport& report,
             std::vector<std::string>& lines) {
  tell(lines, part.n_empty, part.name + " texts are empty");
  tell(lines, part.n_duplicates, part.name + " texts are there again");
  tell(lines, part.n_cut,
       part.name + " texts are longer than the model's context and would be cut");
  if (part.n_byte_tokens > 0) {
    lines.push_back(
        fmt::format("{:.1f} % of the {} tokens are single bytes of characters that the "
                    "tokenizer lacks",
                    100 * part.share_of_byte_tokens(), part.name));
  }
  std::vector<std::string> few;
  for (const auto label : part.few) {
    few.push_back(
        fmt::format("{} ({})", printable(report.label_names[label]), part.n_of_label[label]));
  }
  if (!few.empty()) {
    lines.push_back(fmt::format("few {} examples: {}", part.name, fmt::join(few, ", ")));
  }
}

}  // namespace

std::vector<std::string> data_troubles(const DataReport& report) {
  std::vector<std::string> lines;
  for (const auto& part : report.parts) tell_of(part, report, lines);
  const auto& [in_parts, first_in_parts] = report.in_two_parts;
  tell(lines, in_parts, "texts are in two parts, such as " + quote(first_in_parts));
  const auto& [under_labels, first_under_labels] = report.under_two_labels;
  tell(lines, under_labels, "texts are under two labels, such as " + quote(first_under_labels));
  return lines;
}

}  // namespace minillama
