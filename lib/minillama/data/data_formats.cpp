#include "minillama/data/data_formats.h"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "minillama/core/require.h"
#include "minillama/data/delimited_data.h"
#include "minillama/data/fasttext_data.h"
#include "minillama/data/folder_data.h"
#include "minillama/data/json_lines_data.h"
#include "minillama/data/lines_data.h"
#include "minillama/text/labelled_sentences.h"

namespace minillama {
namespace {

bool has(std::string_view line, std::string_view part) {
  return line.find(part) != std::string_view::npos;
}

template <char kDelimiter, bool kQuoted = true>
DataRecords read_table(const TextFile& file, const DataColumns& columns) {
  return read_delimited_data(file, columns, {.delimiter = kDelimiter, .quoted = kQuoted});
}

/// The order of the rows is that in which formats are tried.
const std::vector<DataFormat>& table() {
  static const std::vector<DataFormat> rows{
      {.name = "fasttext",
       .suffixes = {".fasttext", ".ft"},
       .may_begin_with = [](std::string_view line) { return line.starts_with(kFasttextPrefix); },
       .is_known_by_content = true,
       .read = [](const TextFile& file, const DataColumns&) { return read_fasttext_data(file); }},
      {.name = "jsonl",
       .suffixes = {".jsonl", ".ndjson", ".json"},
       .may_begin_with = [](std::string_view line) { return line.starts_with('{'); },
       .is_known_by_content = true,
       .has_columns = true,
       .read = &read_json_lines_data},
      {.name = "lines",
       .may_begin_with = [](std::string_view line) { return has(line, " ||| "); },
       .is_known_by_content = true,
       .read = [](const TextFile& file, const DataColumns&) { return read_lines_data(file); }},
      {.name = "csv",
       .suffixes = {".csv"},
       .may_begin_with = [](std::string_view line) { return has(line, ","); },
       .has_columns = true,
       .read = &read_table<','>},
      {.name = "semicolons",
       .suffixes = {".csv"},
       .may_begin_with = [](std::string_view line) { return has(line, ";"); },
       .has_columns = true,
       .read = &read_table<';'>},
      {.name = "tsv",
       .suffixes = {".tsv", ".tab", ".csv"},
       .may_begin_with = [](std::string_view line) { return has(line, "\t"); },
       .is_known_by_content = true,
       .has_columns = true,
       .read = &read_table<'\t'>},
      {.name = "tsv-unquoted", .has_columns = true, .read = &read_table<'\t', false>},
      {.name = "folder", .read_folder = &read_folder_data}};
  return rows;
}

std::string names() {
  std::string names;
  for (const auto& format : table())
    names += fmt::format("{}{}", names.empty() ? "" : ", ", format.name);
  return names;
}

bool has_suffix(const DataFormat& format, const std::filesystem::path& path) {
  auto name = path;
  if (name.extension() == ".gz") name.replace_extension();
  return std::ranges::find(format.suffixes, name.extension().native()) != format.suffixes.end();
}

std::string_view first_line(std::string_view text) {
  while (!text.empty()) {
    const auto line = take_line(text);
    if (!is_blank(line)) return line;
  }
  return {};
}

const DataFormat& recognise(const TextFile& file) {
  const auto line = first_line(file.text());
  const DataFormat* of_suffix = nullptr;
  for (const auto& format : table()) {
    if (!has_suffix(format, file.path())) continue;
    if (format.may_begin_with(line)) return format;
    if (of_suffix == nullptr) of_suffix = &format;
  }
  if (of_suffix != nullptr) return *of_suffix;
  for (const auto& format : table()) {
    if (format.is_known_by_content && format.may_begin_with(line)) return format;
  }
  return data_format("lines");
}

void check_columns(const DataFormat& format, const DataColumns& columns) {
  if (format.has_columns || (columns.text.empty() && columns.label.empty())) return;
  throw OptionError(fmt::format("column {} is wanted, but the format {} has no columns",
                                quote(columns.text.empty() ? columns.label : columns.text),
                                format.name));
}

DataRecords finished(DataRecords data, const DataFormat& format, const DataOptions& options) {
  data.format = format.name;
  tidy(data, options.keep_empty);
  return data;
}

DataRecords read_folder(const std::filesystem::path& path, const DataOptions& options) {
  const auto& format = data_format(options.format.empty() ? "folder" : options.format);
  if (format.read_folder == nullptr) {
    throw FileError(path, fmt::format("is a folder, and not a file of the format {}", format.name));
  }
  check_columns(format, options.columns);
  return finished(format.read_folder(path), format, options);
}

}  // namespace

std::span<const DataFormat> data_formats() {
  return table();
}

const DataFormat& data_format(std::string_view name) {
  const auto found = std::ranges::find(table(), name, &DataFormat::name);
  if (found != table().end()) return *found;
  throw OptionError(
      fmt::format("the format of data is {}, must be one of {}", quote(name), names()));
}

DataRecords read_data_records(const std::filesystem::path& path, const DataOptions& options) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return read_folder(path, options);
  if (!options.format.empty() && data_format(options.format).read == nullptr) {
    throw FileError(path, fmt::format("is no folder, which the format {} is", options.format));
  }
  return parse_data_records(open_data_file(path), options);
}

DataRecords parse_data_records(const TextFile& file, const DataOptions& options) {
  const auto& format = options.format.empty() ? recognise(file) : data_format(options.format);
  require(format.read != nullptr, "the format of a file", format.name, "be none of folders");
  check_columns(format, options.columns);
  return finished(format.read(file, options.columns), format, options);
}

}  // namespace minillama
