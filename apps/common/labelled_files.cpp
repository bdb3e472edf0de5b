#include "common/labelled_files.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/data/label_names.h"

#include "common/classify_arguments.h"
#include "common/output.h"

namespace minillama::app {
namespace {

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const auto& format : data_formats()) names.emplace_back(format.name);
  return names;
}

DataOptions data_options(const Arguments& arguments) {
  return {
      .format = arguments.text("format"),
      .columns = {.text = arguments.text("text-column"), .label = arguments.text("label-column")}};
}

/// Says which columns were guessed.
DataRecords told(DataRecords data, const Arguments& arguments) {
  if (!data.guess.empty() && !arguments.is_set("quiet")) note("{}\n", data.guess);
  return data;
}

/// Whether the labels of `train` are read under `names`.
bool are_known(const DataRecords& train, const std::vector<std::string>& names) {
  const LabelIndex labels(names);
  // There an integer beyond the last label is a slip, which is then refused by its line.
  if (train.format == "lines" && integer_label(train.records.front().label)) return true;
  return std::ranges::all_of(train.records, [&](const DataRecord& record) {
    return labels.find(record.label).has_value();
  });
}

}  // namespace

void add_labelled_file_arguments(Arguments& arguments) {
  arguments.option("format",
                   fmt::format("What files of labelled texts are: {} (default: found by name and "
                               "content); each may be compressed with gzip",
                               fmt::join(format_names(), ", ")),
                   "NAME");
  arguments.option("text-column",
                   "Which column, by name or number, or field of JSON has the texts (default: "
                   "found by its name, or guessed and said)",
                   "NAME");
  arguments.option("label-column", "The same of the labels", "NAME");
}

void check_labelled_file_arguments(const Arguments& arguments) {
  if (arguments.given("format")) arguments.choice("format", format_names());
}

DataRecords read_records(const std::filesystem::path& path, const Arguments& arguments) {
  return told(read_data_records(path, data_options(arguments)), arguments);
}

DataRecords parse_records(const TextFile& file, const Arguments& arguments) {
  return told(parse_data_records(file, data_options(arguments)), arguments);
}

std::vector<LabelledSentence> read_examples(const std::filesystem::path& path,
                                            const Arguments& arguments,
                                            const std::vector<std::string>& label_names) {
  return label_records(read_records(path, arguments), label_names);
}

std::vector<std::string> training_label_names(const DataRecords& train, const Arguments& arguments,
                                              const Dataset& dataset) {
  auto names = label_names(arguments, dataset);
  if (arguments.given("label-names")) return names;
  if (!dataset.has_any_labels() && are_known(train, names)) return names;
  names = find_label_names(train);
  if (!arguments.is_set("quiet")) {
    std::vector<std::string> shown;
    for (const auto& name : names) shown.push_back(printable(name));
    note("{}: the labels are {}\n", printable(train.path.native()), fmt::join(shown, ", "));
  }
  return names;
}

}  // namespace minillama::app
