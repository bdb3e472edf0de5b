#include "common/data_report.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"

#include "common/table.h"

namespace minillama::app {
namespace {

std::string table(const DataReport& report) {
  std::vector<Row> rows{{"label"}};
  for (const auto& part : report.parts) rows[0].push_back(part.name);
  for (std::size_t label = 0; label < report.label_names.size(); ++label) {
    auto& row = rows.emplace_back(Row{printable(report.label_names[label])});
    for (const auto& part : report.parts) {
      row.push_back(
          fmt::format("{} {:5.1f} %", part.n_of_label[label], 100 * part.share_of_label(label)));
    }
  }
  auto& all = rows.emplace_back(Row{"all"});
  for (const auto& part : report.parts) all.push_back(fmt::format("{} 100.0 %", part.n_examples));
  return aligned(rows);
}

/// A line if there is anything to tell.
void tell(std::string& text, std::size_t n, const std::string& what) {
  if (n > 0) text += fmt::format("{} {}\n", n, what);
}

std::string troubles(const DataReport& report, const DataReport::Part& part) {
  std::string text;
  tell(text, part.n_empty, part.name + " texts are empty");
  tell(text, part.n_duplicates, part.name + " texts are there again");
  tell(text, part.n_cut, part.name + " texts are longer than the model's context and would be cut");
  if (part.n_byte_tokens > 0) {
    text += fmt::format(
        "{:.1f} % of the {} tokens are single bytes of characters that the "
        "tokenizer lacks\n",
        100 * part.share_of_byte_tokens(), part.name);
  }
  Row few;
  for (const auto label : part.few) {
    few.push_back(
        fmt::format("{} ({})", printable(report.label_names[label]), part.n_of_label[label]));
  }
  if (!few.empty()) text += fmt::format("few {} examples: {}\n", part.name, fmt::join(few, ", "));
  return text;
}

}  // namespace

std::string data_report_text(const DataReport& report) {
  auto text = table(report);
  for (const auto& part : report.parts) text += troubles(report, part);
  const auto& [in_parts, first_in_parts] = report.in_two_parts;
  tell(text, in_parts, "texts are in two parts, such as " + quote(first_in_parts));
  const auto& [under_labels, first_under_labels] = report.under_two_labels;
  tell(text, under_labels, "texts are under two labels, such as " + quote(first_under_labels));
  return text;
}

}  // namespace minillama::app
