#include "minillama/data/data_formats.h"

#include <algorithm>

#include "minillama/core/json.h"

#include "support/catch.h"
#include "support/file_error.h"
#include "support/files.h"
#include "support/option_error.h"

using namespace minillama;

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;  // label, text

std::filesystem::path golden(const std::string& name) {
  return test::repository_file("tests/reference/labelled_data/" + name);
}

Pairs pairs(const DataRecords& data) {
  Pairs pairs;
  for (const auto& record : data.records) pairs.emplace_back(record.label, record.text);
  return pairs;
}

Pairs expected() {
  const auto path = golden("expected.json");
  return parse_json(test::read_text(path), path).get<Pairs>();
}

/// What is said of a file of that name and content, from its name on.
std::string error_of(const std::string& name, std::string_view content,
                     const DataOptions& options = {}) {
  const test::TemporaryDirectory directory;
  const auto path = directory.file(name, content);
  const auto error = test::file_error([&] { read_data_records(path, options); });
  return error == "accepted" ? error : error.substr(error.find(name));
}

std::string format_of(const std::string& name, std::string_view content) {
  const test::TemporaryDirectory directory;
  return read_data_records(directory.file(name, content)).format;
}

}  // namespace

TEST_CASE("data: the same examples in every form are the same") {
  const std::vector<std::pair<std::string, std::string>> files{
      {"comma.csv", "csv"},       {"crlf.csv", "csv"},
      {"cr.csv", "csv"},          {"semicolon.csv", "semicolons"},
      {"tab.tsv", "tsv"},         {"headless.csv", "csv"},
      {"objects.jsonl", "jsonl"}, {"lines.txt", "lines"},
      {"comma.csv.gz", "csv"},    {"objects.jsonl.gz", "jsonl"},
      {"lines.txt.gz", "lines"},  {"folder", "folder"},
      {"fast.txt", "fasttext"}};
  for (const auto& [name, format] : files) {
    INFO(name);
    const auto data = read_data_records(golden(name));
    CHECK(data.format == format);
    auto should = expected();
    if (name == "folder") std::ranges::stable_sort(should, {}, &Pairs::value_type::first);
    if (name == "fast.txt") {
      for (auto& [label, text] : should) std::ranges::replace(label, ' ', '_');
    }
    CHECK(pairs(data) == should);
    // Said explicitly, it is the same.
    CHECK(pairs(read_data_records(golden(name), {.format = format})) == should);
  }
}

TEST_CASE("data: which columns were guessed is said in one line") {
  const auto guess = [](const std::string& name, const DataColumns& columns = {}) {
    const auto text = read_data_records(golden(name), {.columns = columns}).guess;
    return text.empty() ? text : text.substr(text.find(name));
  };
  CHECK(guess("comma.csv") ==
        "comma.csv: taken for the text is column 3 (Text), for the label column 2 (Label); the "
        "first row has names");
  CHECK(guess("headless.csv") ==
        "headless.csv: taken for the text is column 2, for the label column 1; the first row is "
        "taken for an example, too");
  CHECK(guess("objects.jsonl") ==
        "objects.jsonl: taken for the text is the field \"sentence\", for the label \"class\"");
  CHECK(guess("comma.csv", {.text = "Text", .label = "2"}).empty());
  CHECK(guess("objects.jsonl", {.text = "sentence", .label = "class"}).empty());
  CHECK(guess("lines.txt").empty());
}

TEST_CASE("data: columns are taken by name or number, fields by name") {
  const auto by = [](const std::string& name, const std::string& text, const std::string& label) {
    return pairs(read_data_records(golden(name), {.columns = {.text = text, .label = label}}));
  };
  CHECK(by("comma.csv", "3", "2") == expected());
  CHECK(by("comma.csv", "Text", "id")[7].first == "7");
  CHECK(by("objects.jsonl", "sentence", "id")[7].first == "7");
}

TEST_CASE("data: the format is found by name first, then by content") {
  CHECK(format_of("f.csv", "a,x\nb,x\n") == "csv");
  CHECK(format_of("f.csv", "a;x\nb;x\n") == "semicolons");
  CHECK(format_of("f.csv", "a\tx\nb\tx\n") == "tsv");
  CHECK(format_of("f.tsv", "a, b\tx\nb\tx\n") == "tsv");
  CHECK(format_of("f.ndjson", "{\"text\": \"a\", \"label\": 1}") == "jsonl");
  CHECK(format_of("f.txt", "{\"text\": \"a\", \"label\": 1}") == "jsonl");
  CHECK(format_of("f.txt", "__label__a b, c ||| d\n") == "fasttext");
  CHECK(format_of("f.txt", "__label__a b, c\n") == "fasttext");
  CHECK(format_of("f.txt", "a, b\tx\nb\tx\n") == "tsv");
  CHECK(format_of("f.txt", "x ||| a\tb\n") == "lines");
  CHECK_THAT(error_of("f.txt", "a,x\nb,x\n"),
             contains("f.txt:1: no \" ||| \" between label and sentence"));
}

TEST_CASE("data: white space around texts and labels goes, line ends within are of one kind") {
  const test::TemporaryDirectory directory;
  const auto path =
      directory.file("f.csv", "\xEF\xBB\xBFtext,label\r\n\" a\r\nb\rc\n \", x \r\n\r\n");
  CHECK(pairs(read_data_records(path)) == Pairs{{"x", "a\nb\nc"}});
  const auto json = directory.file("f.jsonl", R"({"text": "\n a\r\nb\rc", "label": true})");
  CHECK(pairs(read_data_records(json)) == Pairs{{"true", "a\nb\nc"}});
}

TEST_CASE("data: empty texts are refused or kept, empty labels refused") {
  CHECK(error_of("f.csv", "text,label\na,x\n \t,x\n") == "f.csv:3: the text is empty");
  CHECK(error_of("f.csv", "text,label\na,x\n ,x\n", {.keep_empty = true}) == "accepted");
  CHECK(error_of("f.csv", "text,label\na,x\nb,\n", {.keep_empty = true}) ==
        "f.csv:3: the label is empty");
  CHECK(error_of("f.txt", "1 ||| a\n1 |||  \n") == "f.txt:2: the text is empty");
  CHECK(error_of("f.ft", "__label__x\n") == "f.ft:1: the text is empty");
  CHECK(error_of("f.ft", "__label__ a\n") == "f.ft:1: the label is empty");
  CHECK(error_of("f.jsonl", R"({"text": "", "label": "x"})") == "f.jsonl:1: the text is empty");
}

TEST_CASE("data: a table that is none is refused by line") {
  CHECK(error_of("f.csv", "text,label\n\"a\nb\",x\nwell, well,y\n") ==
        "f.csv:4: the number of columns is 3, the first row has 2: \"y\"");
  CHECK(error_of("f.csv", "text,label\n") == "f.csv: holds no example");
  CHECK(error_of("f.csv", "\n\n") == "f.csv: holds no example");
  CHECK(error_of("f.csv", "") == "f.csv: is empty");
  CHECK(error_of("f.csv", "text,label\na,x\nb\xff,x\n") ==
        "f.csv:3: not UTF-8 at byte 1 of the line: \"\\xff,x\"");
  CHECK(error_of("f.csv", std::string_view("text,label\na,\0\n", 15)) ==
        "f.csv:2: holds a NUL byte");
  CHECK_THAT(error_of("f.csv", "\xff\xfe"), contains("is UTF-16 text"));
  CHECK(error_of("f.tsv", "text\tlabel\n\"a\tx\n") ==
        "f.tsv:2: a quotation mark is never closed: \"\"a\\x09x\\x0a\"");
  CHECK(error_of("f.tsv", "text\tlabel\n\"a\tx\n", {.format = "tsv-unquoted"}) == "accepted");
}

TEST_CASE("data: JSON Lines that are none are refused by line, field and value") {
  const std::string good = "{\"text\": \"a\", \"label\": \"x\"}\n";
  CHECK(error_of("f.jsonl", good + "{\"text\": 1, \"label\": \"x\"}") ==
        "f.jsonl:2: field \"text\" is 1, must be a string");
  CHECK(error_of("f.jsonl", good + "{\"text\": \"b\"}") == "f.jsonl:2: field \"label\" is missing");
  CHECK(error_of("f.jsonl", good + "{\"text\": \"b\", \"label\": [\"x\", \"y\"]}") ==
        "f.jsonl:2: field \"label\" is [\"x\",\"y\"], which is several labels: an example has one");
  CHECK(error_of("f.jsonl", good + "{\"text\": \"b\", \"label\": 1.5}") ==
        "f.jsonl:2: field \"label\" is 1.5, must be a string or an integer");
  CHECK_THAT(error_of("f.jsonl", good + "{\"text\": \"b\", \"label\": null}"),
             contains("f.jsonl:2: field \"label\" is null"));
  CHECK_THAT(error_of("f.jsonl", good + "{\"text\": \"b\",\n"),
             contains("f.jsonl:2: not valid JSON: it ends too early"));
  CHECK_THAT(error_of("f.jsonl", good + "{\"text\" \"b\"}\n"),
             contains("f.jsonl:2: not valid JSON at byte 10 of the line"));
  CHECK_THAT(error_of("f.jsonl", good + "\n" + good), contains("f.jsonl:2: not valid JSON"));
  CHECK_THAT(error_of("f.jsonl", good + "{\"text\": 1e999, \"label\": 1}\n"),
             contains("f.jsonl:2: not valid JSON: it holds a number that is too large"));
  CHECK_THAT(error_of("f.json", "[" + good), contains("f.json:1: not valid JSON"));
  CHECK_THAT(error_of("f.json", "[{}]"), contains("f.json:1: [{}] is no JSON object"));
  CHECK(error_of("f.jsonl", "{\"a\": 1, \"label\": 2}") ==
        "f.jsonl:1: which field is the text must be said: the object has \"a\", \"label\"");
  CHECK_THAT(error_of("f.jsonl", "{}"), contains("the object has none"));
  CHECK(error_of("f.jsonl", good, {.columns = {.text = "t", .label = ""}}) ==
        "f.jsonl:1: field \"t\" is missing");
  CHECK(error_of("f.jsonl", good + R"({"text": "a\u0000", "label": "x"})") ==
        "f.jsonl:2: holds a NUL byte");
  CHECK(error_of("f.jsonl", " \n\n") == "f.jsonl: holds no example");
}

TEST_CASE("data: lines of fastText with no label or several are refused") {
  CHECK(error_of("f.ft", "__label__a b\nc\n") ==
        "f.ft:2: does not begin with \"__label__\": \"c\"");
  CHECK(error_of("f.txt", "__label__a __label__b c __label__d\n") ==
        "f.txt:1: has the label \"__label__b\" and \"__label__d\", too: an example has one");
  CHECK(error_of("f.ft", "__label__a b\n\n__label__a b\n") ==
        "f.ft:2: does not begin with \"__label__\": \"\"");
}

TEST_CASE("data: a folder that has anything but labels with texts is refused by name") {
  const test::TemporaryDirectory directory;
  const auto folder = directory.path() / "data";
  const auto error = [&](bool keep_empty = false) {
    return test::file_error([&] { read_data_records(folder, {.keep_empty = keep_empty}); });
  };
  std::filesystem::create_directories(folder / "good");
  CHECK_THAT(error(), contains("data: holds no folder with files *.txt"));
  directory.file("data/good/1.txt", " A delight .\n");
  directory.file("data/.hidden", "x");
  directory.file("data/good/.hidden", "x");
  CHECK(pairs(read_data_records(folder)) == Pairs{{"good", "A delight ."}});
  directory.file("data/good/2.txt", "");
  CHECK_THAT(error(), contains("good/2.txt:1: the text is empty"));
  CHECK(error(true) == "accepted");
  std::filesystem::remove(folder / "good/2.txt");
  directory.file("data/good/2.csv", "a,b");
  CHECK_THAT(error(), contains("good/2.csv: is no file *.txt"));
  std::filesystem::remove(folder / "good/2.csv");
  directory.file("data/readme", "x");
  CHECK_THAT(error(), contains("readme: is no folder"));
}

TEST_CASE("data: what does not go together is refused") {
  const auto wanted = [](const std::string& name, const DataOptions& options) {
    return test::option_error([&] { read_data_records(golden(name), options); });
  };
  CHECK(
      wanted("comma.csv", {.format = "xml"}) ==
      "the format of data is \"xml\", must be one of fasttext, jsonl, lines, csv, semicolons, tsv, "
      "tsv-unquoted, folder");
  CHECK(wanted("lines.txt", {.columns = {.text = "1", .label = ""}}) ==
        "column \"1\" is wanted, but the format lines has no columns");
  CHECK(wanted("folder", {.columns = {.text = "", .label = "l"}}) ==
        "column \"l\" is wanted, but the format folder has no columns");
  CHECK_THAT(test::file_error([&] { read_data_records(golden("folder"), {.format = "csv"}); }),
             contains("folder: is a folder, and not a file of the format csv"));
  CHECK_THAT(
      test::file_error([&] { read_data_records(golden("comma.csv"), {.format = "folder"}); }),
      contains("comma.csv: is no folder"));
  CHECK_THAT(test::file_error([&] { read_data_records(golden("absent.csv")); }),
             contains("absent.csv: no such file"));
}

TEST_CASE("data: a compressed file that is damaged or not text is refused by its name") {
  const auto zipped = test::read_text(golden("comma.csv.gz"));
  CHECK(error_of("f.csv.gz", zipped.substr(0, zipped.size() - 1)) ==
        "f.csv.gz: its gzip data end too early");
  // Content, and not the name, says that it is compressed.
  CHECK(format_of("f.csv", zipped) == "csv");
  CHECK(format_of("f.csv.gz", test::read_text(golden("comma.csv"))) == "csv");
}
