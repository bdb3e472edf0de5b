#include "minillama/data/data_columns.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/text/characters.h"
#include "minillama/text/labelled_sentences.h"

namespace minillama {
namespace {

using Row = std::vector<std::string>;
using Rows = std::vector<Row>;

constexpr std::array<std::string_view, 14> kTextNames = {
    "text",  "sentence", "review",   "content",   "comment", "message", "document",
    "tweet", "body",     "question", "utterance", "post",    "phrase",  "description"};
constexpr std::array<std::string_view, 14> kLabelNames = {
    "label",  "labels", "class", "category", "sentiment", "target", "intent",
    "rating", "stars",  "score", "polarity", "topic",     "tag",    "y"};

std::optional<std::size_t> known_column(std::span<const std::string> names,
                                        std::span<const std::string_view> known) {
  for (const auto wanted : known) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (lowercase(strip(names[i])) == wanted) return i;
    }
  }
  return {};
}

/// `text` as a number from 1 on.
std::optional<std::size_t> number_in(std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0) return {};
  return number;
}

/// The columns of a file, for a message.
std::string list(const Row& first, bool has_header) {
  if (!has_header) return fmt::format("its {} columns have no names", first.size());
  std::string names;
  for (const auto& name : first) names += (names.empty() ? "" : ", ") + quote(strip(name), 40);
  return fmt::format("its columns are {}", names);
}

/// One of the two columns: how it is wanted and where it is.
struct Column {
  std::string_view kind;
  const std::string& wanted;
  std::optional<std::size_t> known;  ///< where the first row has a known name
  std::optional<std::size_t> place = {};
};

std::optional<std::size_t> column_named(const Row& first, const std::string& wanted) {
  const auto found = std::ranges::find_if(
      first, [&](const auto& name) { return strip(name) == std::string_view(wanted); });
  if (found == first.end()) return {};
  return static_cast<std::size_t>(found - first.begin());
}

/// Whether the first row has names, as far as this column tells.
bool shows_header(const Row& first, const Column& column) {
  if (column.wanted.empty()) return false;
  if (column_named(first, column.wanted)) return true;
  const auto number = number_in(column.wanted);
  return number && column.known == *number - 1;
}

void place_wanted(Column& column, const Row& first, bool has_header,
                  const std::filesystem::path& path) {
  if (column.wanted.empty()) return;
  column.place = column_named(first, column.wanted);
  if (column.place) return;
  const auto number = number_in(column.wanted);
  if (!number || *number > first.size()) {
    throw FileError(
        path, fmt::format("has no column {}: {}", quote(column.wanted), list(first, has_header)));
  }
  column.place = *number - 1;
}

/// Of two columns the one with labels.
std::optional<std::size_t> guess_label_column(const Rows& rows) {
  std::array<std::set<std::string_view>, 2> different;
  std::array<std::size_t, 2> length = {};
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < 2; ++i) {
      different[i].insert(row[i]);
      length[i] += row[i].size();
    }
  }
  const auto first = std::pair(different[0].size(), length[0]);
  const auto second = std::pair(different[1].size(), length[1]);
  if (first == second) return {};
  return first < second ? 0 : 1;
}

}  // namespace

std::optional<std::size_t> known_text_column(std::span<const std::string> names) {
  return known_column(names, kTextNames);
}

std::optional<std::size_t> known_label_column(std::span<const std::string> names) {
  return known_column(names, kLabelNames);
}

ColumnPlaces find_columns(const Rows& rows, const DataColumns& wanted,
                          const std::filesystem::path& path) {
  const Row& first = rows.front();
  if (first.size() < 2) {
    throw FileError(
        path, 1,
        fmt::format("has one column, {}: a text and a label are needed", quote(first.front())));
  }
  Column text{"text", wanted.text, known_text_column(first)};
  Column label{"label", wanted.label, known_label_column(first)};
  const bool has_header =
      (text.known && label.known) || shows_header(first, text) || shows_header(first, label);
  for (auto* column : {&text, &label}) place_wanted(*column, first, has_header, path);
  if (has_header) {
    for (auto* column : {&text, &label}) {
      if (!column->place) column->place = column->known;
    }
  } else if (!text.place && !label.place && first.size() == 2) {
    label.place = guess_label_column(rows);
  }
  if (first.size() == 2) {
    if (text.place && !label.place) label.place = 1 - *text.place;
    if (label.place && !text.place) text.place = 1 - *label.place;
  }
  for (const auto* column : {&text, &label}) {
    if (column->place) continue;
    throw FileError(path, fmt::format("which column is the {} must be said: {}", column->kind,
                                      list(first, has_header)));
  }
  if (*text.place == *label.place) {
    throw FileError(path, fmt::format("column {} cannot be both text and label: {}",
                                      *text.place + 1, list(first, has_header)));
  }
  return {.text = *text.place,
          .label = *label.place,
          .has_header = has_header,
          .guessed = wanted.text.empty() || wanted.label.empty()};
}

}  // namespace minillama
