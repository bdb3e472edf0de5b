#include "minillama/report/comparison.h"

#include "minillama/core/error.h"
#include "minillama/io/atomic_file.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/matches.h"
#include "support/option_error.h"

using namespace minillama;
using minillama::test::n_matches;
namespace fs = std::filesystem;

namespace {

RunSummary run(const std::string& name, const std::string& lr, double accuracy) {
  return {.name = name,
          .title = "train",
          .figures = {{"accuracy", accuracy}},
          .curves = {{"loss", "train", "epoch", {{0, 1}, {1, accuracy}}},
                     {"loss", "dev", "epoch", {{1, accuracy}}},
                     {"learning rate", "", "epoch", {{1, accuracy}}}},
          .settings = {{"lr", lr}, {"epochs", "3"}},
          .machine = {{"threads", "2"}}};
}

}  // namespace

TEST_CASE("comparison: curves over each other, and the settings that differ") {
  auto second = run("<b>", "2e-3", 0.5);
  second.settings.push_back({"rank", "8"});
  const std::vector<RunSummary> runs{run("a", "1e-3", 0.25), second};
  const auto html = comparison_html(runs);
  CHECK_THAT(html, contains("2 runs compared"));
  CHECK_THAT(html, contains("<tr><th></th><th>a</th><th>&lt;b&gt;</th></tr>\n"
                            "<tr><th>accuracy</th><td>0.2500</td><td>0.5000</td></tr>"));
  CHECK_THAT(html, contains("<tr><th>lr</th><td>1e-3</td><td>2e-3</td></tr>"));
  CHECK_THAT(html, contains("<tr><th>rank</th><td>–</td><td>8</td></tr>"));
  CHECK_THAT(html, !contains("epochs") && !contains("Machines that differ"));
  CHECK(n_matches(html, "<svg") == 3);
  CHECK_THAT(html,
             contains(">loss, train<") && contains(">loss, dev<") && contains(">learning rate<"));
  CHECK(n_matches(html, "class=\"curve c1\"") == 3);
  CHECK(test::option_error([] { comparison_html({}); }) ==
        "the number of runs is 0, must be at least 1");
}

TEST_CASE("comparison: runs' folders, called by what they do not share") {
  const test::TemporaryDirectory place;
  std::vector<fs::path> folders;
  for (const std::string name : {"sst/a", "sst/b", "cfimdb/a"}) {
    folders.push_back(place.path() / "runs" / name);
    make_directory(folders.back());
    write_file(folders.back() / kSummaryFile, to_json(run("run", "1", 0.5)));
  }
  folders[0] += "/";
  const auto out = place.path() / "all.html";
  write_comparison(folders, out);
  CHECK_THAT(test::read_text(out), contains("<th>sst/a</th><th>sst/b</th><th>cfimdb/a</th></tr>"));

  fs::remove(out);
  folders.push_back(place.path());
  try {
    write_comparison(folders, out);
    FAIL("accepted");
  } catch (const FileError& error) {
    CHECK_THAT(error.what(), contains((place.path() / kSummaryFile).string()));
  }
  CHECK_FALSE(fs::exists(out));
}
