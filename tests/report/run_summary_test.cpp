#include "minillama/report/run_summary.h"

#include <cmath>
#include <limits>

#include "minillama/core/error.h"

#include "support/catch.h"

using namespace minillama;

namespace {

RunSummary example() {
  return {
      .name = "a \"run\"",
      .title = "classify_sst --option lora",
      .figures = {{"dev accuracy", 0.1 + 0.2}, {"loss", std::numeric_limits<double>::infinity()}},
      .curves = {{"loss", "train", "epoch", {{0.5, 1.25}, {1, 1e-300}}},
                 {"loss", "dev", "epoch", {}}},
      .settings = {{"--lr", "2e-3"}, {"--template", "<b>\n"}},
      .machine = {{"threads", "2"}}};
}

}  // namespace

TEST_CASE("run's summary: to JSON and back, with all bits") {
  CHECK(run_summary_from_json(to_json(example()), "report.json") == example());
  CHECK(run_summary_from_json(to_json(RunSummary{}), "report.json") == RunSummary{});
}

TEST_CASE("run's summary: every other JSON is refused by name") {
  const auto text = to_json(example());
  for (std::size_t size = 0; size + 2 < text.size(); ++size) {
    CHECK_THROWS_AS(run_summary_from_json(text.substr(0, size), "report.json"), FileError);
  }
  for (
      const auto* other :
      {"[]", "{}", "1", R"({"name": "", "title": ""})",
       R"({"name": "", "title": "", "figures": {}, "curves": [], "settings": [], "machine": []})",
       R"({"name": "", "title": "", "figures": [1], "curves": [], "settings": [], "machine": []})",
       R"({"name": "", "title": "", "figures": [], "curves": [{}], "settings": [], "machine": []})",
       R"({"name": "", "title": "", "figures": [], "curves": [], "settings": [[]], "machine": []})",
       R"({"name": 1, "title": "", "figures": [], "curves": [], "settings": [], "machine": []})"}) {
    CAPTURE(other);
    try {
      run_summary_from_json(other, "runs/report.json");
      FAIL("accepted");
    } catch (const FileError& error) {
      CHECK_THAT(error.what(), contains("runs/report.json: "));
    }
  }
}

TEST_CASE("run's summary: what is no UTF-8 is replaced, not thrown") {
  RunSummary summary;
  summary.name = "\xFF";
  CHECK(run_summary_from_json(to_json(summary), "f").name == "\uFFFD");
}
