#include "common/data_report.h"

#include <vector>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/data/data_troubles.h"

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

}  // namespace

std::string data_report_text(const DataReport& report) {
  auto text = table(report);
  for (const auto& line : data_troubles(report)) text += line + '\n';
  return text;
}

}  // namespace minillama::app
