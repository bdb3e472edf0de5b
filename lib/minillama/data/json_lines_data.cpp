#include "minillama/data/json_lines_data.h"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "minillama/data/json_line.h"
#include "minillama/text/labelled_sentences.h"

namespace minillama {
namespace {

/// The name of a field that was not wanted by name, as the first object has it.
std::string guess_field(const Json& object, std::string_view kind, const TextFile& file,
                        std::optional<std::size_t> known(std::span<const std::string>)) {
  std::vector<std::string> names;
  std::string list;
  for (const auto& [name, value] : object.items()) {
    names.push_back(name);
    list += (list.empty() ? "" : ", ") + quote(name, 40);
  }
  if (const auto place = known(names)) return names[*place];
  throw FileError(file.path(), 1,
                  fmt::format("which field is the {} must be said: the object has {}", kind,
                              list.empty() ? "none" : list));
}

std::string label_of(const Json& value, const std::string& name, const TextFile& file,
                     std::size_t line) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer() || value.is_boolean()) return value.dump();
  throw FileError(file.path(), line,
                  fmt::format("field {} is {}, {}", quote(name), shown(value),
                              value.is_array() ? "which is several labels: an example has one"
                                               : "must be a string or an integer"));
}

}  // namespace

DataRecords read_json_lines_data(const TextFile& file, const DataColumns& columns) {
  DataRecords data{.path = file.path(), .records = {}};
  auto [text_field, label_field] = columns;
  auto rest = file.text();
  for (std::size_t line = 1; !strip(rest).empty(); ++line) {
    const auto object = parse_json_object(take_line(rest), file.path(), line);
    if (line == 1 && (text_field.empty() || label_field.empty())) {
      if (text_field.empty()) text_field = guess_field(object, "text", file, known_text_column);
      if (label_field.empty()) label_field = guess_field(object, "label", file, known_label_column);
      data.guess =
          fmt::format("{}: taken for the text is the field {}, for the label {}",
                      printable(file.path().native()), quote(text_field), quote(label_field));
    }
    auto text = json_string(object, text_field, file.path(), line);
    const Json& label = json_field(object, label_field, file.path(), line);
    data.records.push_back(
        {.text = std::move(text), .label = label_of(label, label_field, file, line), .line = line});
  }
  if (data.records.empty()) throw FileError(file.path(), "holds no example");
  return data;
}

}  // namespace minillama
