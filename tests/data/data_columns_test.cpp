#include "minillama/data/data_columns.h"

#include "support/catch.h"
#include "support/file_error.h"

using namespace minillama;

namespace {

using Rows = std::vector<std::vector<std::string>>;

ColumnPlaces find(const Rows& rows, const DataColumns& wanted = {}) {
  return find_columns(rows, wanted, "f.csv");
}

/// "text label header guessed"
std::string found(const Rows& rows, const DataColumns& wanted = {}) {
  const auto [text, label, has_header, guessed] = find(rows, wanted);
  return std::to_string(text) + " " + std::to_string(label) + (has_header ? " header" : "") +
         (guessed ? " guessed" : "");
}

std::string error_of(const Rows& rows, const DataColumns& wanted = {}) {
  return test::file_error([&] { find(rows, wanted); });
}

}  // namespace

TEST_CASE("columns: known names make a header, in whatever letters and order") {
  CHECK(found({{"id", "Label", " TEXT "}, {"1", "a", "b"}}) == "2 1 header guessed");
  CHECK(found({{"review", "sentiment"}, {"a", "b"}}) == "0 1 header guessed");
  // The plainest name of each kind.
  CHECK(found({{"description", "text", "topic", "label"}}) == "1 3 header guessed");
}

TEST_CASE("columns: what is wanted by name is found in the header, the other one of two is known") {
  CHECK(found({{"Rezension", "Note"}, {"a", "1"}}, {.text = "Rezension", .label = "Note"}) ==
        "0 1 header");
  CHECK(found({{"Rezension", "Note"}, {"a", "1"}}, {.text = "", .label = "Note"}) ==
        "0 1 header guessed");
  CHECK(found({{"text", "label", "stars"}}, {.text = "", .label = "stars"}) ==
        "0 2 header guessed");
}

TEST_CASE(
    "columns: numbers count from 1, and tell nothing of a header unless a known name is there") {
  CHECK(found({{"a", "b", "c"}}, {.text = "3", .label = "1"}) == "2 0");
  CHECK(found({{"a", "label", "c"}}, {.text = "1", .label = "2"}) == "0 1 header");
  CHECK(found({{"a", "b"}}, {.text = "2", .label = ""}) == "1 0 guessed");
  // A column may be called by a number.
  CHECK(found({{"2", "1"}, {"a", "b"}}, {.text = "2", .label = "1"}) == "0 1 header");
}

TEST_CASE("columns: of two without a header, the labels are those of which fewer differ") {
  CHECK(found({{"a", "x"}, {"b", "x"}, {"c", "y"}}) == "0 1 guessed");
  CHECK(found({{"x", "a"}, {"x", "b"}, {"y", "c"}}) == "1 0 guessed");
  CHECK(found({{"x", "a long one"}, {"y", "another"}}) == "1 0 guessed");
}

TEST_CASE("columns: what is not there or cannot be guessed is refused, with the columns") {
  CHECK(error_of({{"id", "text", "mood"}}) ==
        "f.csv: which column is the text must be said: its 3 columns have no names");
  CHECK(
      error_of({{"id", "text", "mood"}}, {.text = "text", .label = ""}) ==
      "f.csv: which column is the label must be said: its columns are \"id\", \"text\", \"mood\"");
  CHECK(error_of({{"id", "text", "label"}}, {.text = "txt", .label = ""}) ==
        "f.csv: has no column \"txt\": its columns are \"id\", \"text\", \"label\"");
  CHECK_THAT(error_of({{"a", "b"}}, {.text = "3", .label = "1"}), contains("has no column \"3\""));
  CHECK_THAT(error_of({{"a", "b"}}, {.text = "0", .label = "1"}), contains("has no column \"0\""));
  CHECK_THAT(error_of({{"a", "b"}}, {.text = "1", .label = "1"}),
             contains("column 1 cannot be both text and label"));
  CHECK(error_of({{"a b"}}) == "f.csv:1: has one column, \"a b\": a text and a label are needed");
  CHECK_THAT(error_of({{"x", "a"}, {"y", "b"}}), contains("which column is the text must be said"));
}
