#include "minillama/text/labelled_sentences.h"

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/file_error.h"
#include "support/files.h"

using namespace minillama;

namespace {

std::string error_of(std::string_view content) {
  const test::TemporaryDirectory directory;
  try {
    read_labelled_sentences(directory.file("f.txt", content), 5);
  } catch (const FileError& error) {
    const std::string what = error.what();
    return what.substr(what.find("f.txt"));
  }
  return "accepted";
}

std::string names_error_of(std::string_view content) {
  const test::TemporaryDirectory directory;
  return test::file_error([&] { read_label_names(directory.file("names.json", content)); });
}

}  // namespace

TEST_CASE("labelled sentences: labels and sentences are read as they stand") {
  const test::TemporaryDirectory directory;
  const auto path = directory.file(
      "f",
      "3 ||| It 's a lovely film .\n0 |||   \x1f|| a | b |||x<br />  é \t\v\n 4  ||| `` x ''\n");
  const auto sentences = read_labelled_sentences(path, 5);
  CHECK(sentences == std::vector<LabelledSentence>{{"It 's a lovely film .", 3},
                                                   {"|| a | b |||x<br />  é", 0},
                                                   {"`` x ''", 4}});
}

TEST_CASE("labelled sentences: line ends, byte order mark and last newline make no difference") {
  const test::TemporaryDirectory directory;
  const std::vector<LabelledSentence> expected = {{"a b", 1}, {"c", 0}};
  for (const std::string content : {"1 ||| a b\n0 ||| c\n", "1 ||| a b\n0 ||| c",
                                    "1 ||| a b\r\n0 ||| c\r\n", "1 ||| a b\r\n0 ||| c",
                                    "\xEF\xBB\xBF"
                                    "1 ||| a b\n0 ||| c\n",
                                    "1 ||| a b\n0 ||| c\n\n \n"}) {
    CAPTURE(content);
    CHECK(read_labelled_sentences(directory.file("f", content), 2) == expected);
  }
}

TEST_CASE("labelled sentences: a wrong line is refused by file and line") {
  CHECK(error_of("1 ||| a\n2 || b\n") ==
        "f.txt:2: no \" ||| \" between label and sentence: \"2 || b\"");
  CHECK_THAT(error_of("1 ||| a ||| b\n"), contains("f.txt:1: more than one \" ||| \""));
  CHECK_THAT(error_of("1 |||\n"), contains("f.txt:1: no \" ||| \""));
  CHECK_THAT(error_of("1 |||  \t\n"), contains("f.txt:1: the sentence is empty"));
  CHECK_THAT(error_of("x ||| a\n"), contains("f.txt:1: label \"x\" is not an integer"));
  CHECK_THAT(error_of("1.0 ||| a\n"), contains("label \"1.0\" is not an integer"));
  CHECK_THAT(error_of("1 2 ||| a\n"), contains("label \"1 2\" is not an integer"));
  CHECK_THAT(error_of(" ||| a\n"), contains("label \"\" is not an integer"));
  CHECK_THAT(error_of("5 ||| a\n"), contains("label \"5\" lies outside 0 to 4"));
  CHECK_THAT(error_of("-1 ||| a\n"), contains("label \"-1\" lies outside 0 to 4"));
  CHECK_THAT(error_of("99999999999999999999 ||| a\n"), contains("lies outside 0 to 4"));
  CHECK_THAT(error_of("1 ||| a\n\n2 ||| b\n"), contains("f.txt:2: is blank"));
  CHECK_THAT(error_of("1 ||| a\n2 ||| caf\xe9\n"), contains("f.txt:2: not UTF-8 at byte 9"));
  CHECK_THAT(error_of(std::string_view("1 ||| a\0b\n", 10)), contains("f.txt:1: holds a NUL byte"));
  CHECK_THAT(error_of(""), contains("is empty"));
  CHECK_THAT(error_of("\xEF\xBB\xBF\r\n\n"), contains("holds no sentence"));
}

TEST_CASE("labelled sentences: the data sets are read whole") {
  const auto count = [](const std::string& name, std::int64_t n_labels) -> std::size_t {
    const auto path = test::data_file(name);
    return path ? read_labelled_sentences(*path, n_labels).size() : 0;
  };
  SKIP_WITHOUT(test::data_file("sst/sst-train.txt"), "sst");
  SKIP_WITHOUT(test::data_file("cfimdb/cfimdb-train.txt"), "cfimdb");
  CHECK(count("sst/sst-train.txt", 5) == 8544);
  CHECK(count("sst/sst-dev.txt", 5) == 1101);
  CHECK(count("sst/sst-test.txt", 5) == 2210);
  CHECK(count("cfimdb/cfimdb-train.txt", 2) == 1707);
  CHECK(count("cfimdb/cfimdb-dev.txt", 2) == 245);
  CHECK(count("cfimdb/cfimdb-test.txt", 2) == 488);
}

TEST_CASE("label names: a list of distinct strings is read in order") {
  const test::TemporaryDirectory directory;
  CHECK(read_label_names(directory.file("n", "[\"bad\", \"good\"]")) ==
        std::vector<std::string>{"bad", "good"});
}

TEST_CASE("label names: anything else is refused by file") {
  CHECK_THAT(names_error_of("{\"bad\": 0}"), contains("names.json: must be a JSON list"));
  CHECK_THAT(names_error_of("[\"bad\"]"), contains("names 1 labels"));
  CHECK_THAT(names_error_of("[]"), contains("names 0 labels"));
  CHECK_THAT(names_error_of("[\"bad\", \"bad\"]"), contains("label name \"bad\" is there twice"));
  CHECK_THAT(names_error_of("[\"bad\", \" \"]"), contains("is not a string with text"));
  CHECK_THAT(names_error_of("[\"bad\", 3]"), contains("label name 3 is not a string"));
  CHECK_THAT(names_error_of("[\"bad\""), contains("names.json: not valid JSON: it ends too early"));
  CHECK_THAT(names_error_of("[\"bad\",\n \"a\" x]"),
             contains("names.json:2: not valid JSON at byte 5 of the line: \"x]\""));
  CHECK_THAT(names_error_of("[1e999]"), contains("a number that is too large"));
  CHECK_THAT(names_error_of(""), contains("is empty"));
  for (const std::string content : {"[", "[1e999]", "{", "\"\xff\"", "[\"a\", \"b\"]]"}) {
    CHECK_THAT(names_error_of(content), !contains("exception") && !contains("parse error"));
  }
}
