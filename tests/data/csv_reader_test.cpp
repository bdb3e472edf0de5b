#include "minillama/data/csv_reader.h"

#include "minillama/core/json.h"

#include "support/catch.h"
#include "support/file_error.h"
#include "support/files.h"

using namespace minillama;

namespace {

std::vector<std::vector<std::string>> read(std::string_view text, CsvDialect dialect = {}) {
  CsvReader reader(text, dialect, "f.csv");
  std::vector<std::vector<std::string>> records;
  while (auto record = reader.next()) records.push_back(std::move(record->fields));
  return records;
}

std::string error_of(std::string_view text) {
  return test::file_error([&] { read(text); });
}

}  // namespace

TEST_CASE("CSV: a hundred hostile files are read, or refused, as Python's csv module does") {
  const auto path = test::repository_file("tests/reference/csv_files.json");
  const auto cases = parse_json(test::read_text(path), path);
  REQUIRE(cases.size() == 100);
  for (const auto& one : cases) {
    const auto text = one.at("text").get<std::string>();
    INFO(one.dump());
    CsvReader reader(text, {.delimiter = one.at("delimiter").get<std::string>()[0]}, "f.csv");
    for (const auto& expected : one.at("records")) {
      const auto record = reader.next();
      REQUIRE(record);
      CHECK(record->fields == expected.at("fields").get<std::vector<std::string>>());
      CHECK(record->line == expected.at("line"));
    }
    if (one.contains("refused")) {
      CHECK_THAT(test::file_error([&] { reader.next(); }),
                 contains("f.csv:" + one.at("refused").dump() + ": "));
    } else {
      CHECK_FALSE(reader.next());
      CHECK_FALSE(reader.next());
    }
  }
}

TEST_CASE("CSV: an error names the line where its record begins, and the value") {
  CHECK(error_of("a,b\n\"c\nd\",\"e\n") ==
        "f.csv:2: a quotation mark is never closed: \"\"e\\x0a\"");
  CHECK(error_of("a,b\r\n\r\n\"c\nd\"e,f\n") ==
        "f.csv:3: \"e,f\" stands behind the closing quotation mark of \"\"c\\x0ad\"\"");
  CHECK_THAT(error_of("\""), contains("f.csv:1: a quotation mark is never closed"));
}

TEST_CASE("CSV: without quoting, a quotation mark is a character as any") {
  const CsvDialect dialect{.delimiter = '\t', .quoted = false};
  CHECK(read("\"a\tb\"\n\"\t\"\"", dialect) ==
        std::vector<std::vector<std::string>>{{"\"a", "b\""}, {"\"", "\"\""}});
}

TEST_CASE("CSV: a delimiter at the end leaves an empty field, and no text no record") {
  CHECK(read("a,\n,\n\"\"") == std::vector<std::vector<std::string>>{{"a", ""}, {"", ""}, {""}});
  CHECK(read("a,") == std::vector<std::vector<std::string>>{{"a", ""}});
  CHECK(read("").empty());
  CHECK(read("\n\r\n\r").empty());
}
