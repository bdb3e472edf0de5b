#include "minillama/data/delimited_data.h"

#include <utility>

#include <fmt/format.h>

#include "minillama/text/labelled_sentences.h"

namespace minillama {
namespace {

struct Table {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::size_t> lines;  ///< where they begin
};

Table read_table(const TextFile& file, CsvDialect dialect) {
  Table table;
  CsvReader reader(file.text(), dialect, file.path());
  while (auto record = reader.next()) {
    const auto n = record->fields.size();
    if (!table.rows.empty() && n != table.rows.front().size()) {
      throw FileError(file.path(), record->line,
                      fmt::format("the number of columns is {}, the first row has {}: {}", n,
                                  table.rows.front().size(), quote(record->fields.back(), 40)));
    }
    table.rows.push_back(std::move(record->fields));
    table.lines.push_back(record->line);
  }
  return table;
}

/// What is said of columns that were guessed.
std::string guess(const std::filesystem::path& path, const std::vector<std::string>& first,
                  const ColumnPlaces& columns) {
  const auto name = [&](std::size_t place) {
    return columns.has_header ? fmt::format("{} ({})", place + 1, printable(strip(first[place])))
                              : fmt::format("{}", place + 1);
  };
  return fmt::format("{}: taken for the text is column {}, for the label column {}; {}",
                     printable(path.native()), name(columns.text), name(columns.label),
                     columns.has_header ? "the first row has names"
                                        : "the first row is taken for an example, too");
}

}  // namespace

DataRecords read_delimited_data(const TextFile& file, const DataColumns& columns,
                                CsvDialect dialect) {
  auto [rows, lines] = read_table(file, dialect);
  if (rows.empty()) throw FileError(file.path(), "holds no example");
  const auto places = find_columns(rows, columns, file.path());
  DataRecords data{.path = file.path(), .records = {}};
  if (places.guessed) data.guess = guess(file.path(), rows.front(), places);
  for (std::size_t i = places.has_header ? 1 : 0; i < rows.size(); ++i) {
    data.records.push_back({.text = std::move(rows[i][places.text]),
                            .label = std::move(rows[i][places.label]),
                            .line = lines[i]});
  }
  if (data.records.empty()) throw FileError(file.path(), "holds no example");
  return data;
}

}  // namespace minillama
