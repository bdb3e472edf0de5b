#include "common/data_report.h"

#include "support/catch.h"

using namespace minillama;

namespace {

using Examples = std::vector<LabelledSentence>;

const std::vector<std::string> kNames{"bad", "très bon"};

}  // namespace

TEST_CASE("data report: a table, and a line for each trouble") {
  Examples train{{"a", 0}, {"a", 1}, {"", 1}, {"b", 1}};
  const Examples dev{{"b\n", 0}, {"a", 0}};
  const auto count = [](std::string_view text) { return TokenCount{text.size() + 1, 1}; };
  const auto report = check_data(std::vector<DataPart>{{"train", train}, {"dev", dev}}, kNames,
                                 {.count_tokens = count, .max_tokens = 2, .few = 2});
  CHECK(app::data_report_text(report) ==
        "label         train        dev\n"
        "bad       1  25.0 %  2 100.0 %\n"
        "très bon  3  75.0 %  0   0.0 %\n"
        "all       4 100.0 %  2 100.0 %\n"
        "1 train texts are empty\n"
        "1 train texts are there again\n"
        "50.0 % of the train tokens are single bytes of characters that the tokenizer lacks\n"
        "few train examples: bad (1)\n"
        "1 dev texts are longer than the model's context and would be cut\n"
        "40.0 % of the dev tokens are single bytes of characters that the tokenizer lacks\n"
        "few dev examples: très bon (0)\n"
        "1 texts are in two parts, such as \"a\"\n"
        "1 texts are under two labels, such as \"a\"\n");
}

TEST_CASE("data report: clean data have the table alone") {
  Examples train;
  for (int i = 0; i < 20; ++i) train.push_back({std::to_string(i), i % 2});
  const auto report = check_data(std::vector<DataPart>{{"train", train}}, kNames);
  CHECK(app::data_report_text(report) ==
        "label          train\n"
        "bad       10  50.0 %\n"
        "très bon  10  50.0 %\n"
        "all       20 100.0 %\n");
}
