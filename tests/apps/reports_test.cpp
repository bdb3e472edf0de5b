// What training leaves beside what it trains: a report, and files for TensorBoard.

#include <algorithm>
#include <csignal>

#include "minillama/core/json.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"
#include "support/training_directory.h"

using namespace minillama;
using namespace minillama::test;
namespace fs = std::filesystem;

namespace {

Json report_of(const fs::path& run) {
  return Json::parse(read_text(run / "report.json"));
}

const Json& curve(const Json& report, const std::string& figure, const std::string& name) {
  for (const auto& one : report.at("curves")) {
    if (one.at("figure") == figure && one.at("name") == name) return one.at("points");
  }
  FAIL("no curve " << figure << ", " << name);
  return report;
}

}  // namespace

TEST_CASE("apps/reports: of fine-tuning, with all its parts") {
  const TrainingDirectory directory;
  directory.file("hostile.txt", learnable_sentences(9) + "0 ||| <script>alert(1)</script> fun .\n");
  const auto outcome = directory.train(
      "run", {"--dev", "hostile.txt", "--template", "It's \"{sentence}\"", "--quiet"});
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  const auto run = directory.path() / "run";
  const auto html = read_text(run / "report.html");
  for (const auto* part : {"Figures", "Curves", "On dev", "Confusion matrix", "Each label",
                           "Reliability", "Data", "Commands", "Settings", "Machine"}) {
    CHECK_THAT(html, contains(">" + std::string(part) + "<"));
  }
  CHECK_THAT(html, !contains("<script"));
  CHECK_THAT(html, contains("--template &#39;It&#39;\\&#39;&#39;s &quot;{sentence}&quot;&#39;"));
  CHECK_THAT(html, contains("classify_sst -m run &quot;A sentence .&quot;"));

  const auto report = report_of(run);
  CHECK(report.at("name") == "run");
  const auto& settings = report.at("settings");
  const Json epochs{{"name", "--epochs"}, {"value", "2"}},
      seed{{"name", "seed"}, {"value", "1337"}};
  CHECK(std::ranges::find(settings, epochs) != settings.end());
  CHECK(std::ranges::find(settings, seed) != settings.end());
  // Two epochs of five steps.
  const auto& loss = curve(report, "loss", "train");
  REQUIRE(loss.size() == 10);
  CHECK(loss[0].at("x") == 0.2);
  CHECK(loss[9].at("x") == 2);
  CHECK(curve(report, "loss", "dev").size() == 2);
  CHECK(curve(report, "learning rate", "").size() == 10);
  const auto metrics = lines_of(read_text(run / "metrics.jsonl"));
  CHECK(curve(report, "loss", "dev")[1].at("y") == Json::parse(metrics[1]).at("dev_loss"));
}

TEST_CASE("apps/reports: a run that was stopped and resumed has the whole curve") {
  const TrainingDirectory directory;
  REQUIRE(directory.train("whole").exit_code == 0);
  const auto stopped = directory.stop_midway("stopped", SIGINT);
  CHECK(stopped.exit_code == 128 + SIGINT);
  REQUIRE(directory.train("stopped", {"--resume"}).exit_code == 0);
  for (const auto* figure : {"loss", "learning rate"}) {
    const std::string name = figure == std::string("loss") ? "train" : "";
    CHECK(curve(report_of(directory.path() / "stopped"), figure, name) ==
          curve(report_of(directory.path() / "whole"), figure, name));
  }
}

TEST_CASE("apps/reports: runs are compared") {
  const TrainingDirectory directory;
  REQUIRE(directory.train("a").exit_code == 0);
  REQUIRE(directory.train("b", {"--lr", "1e-3"}).exit_code == 0);
  const auto outcome =
      run_app("classify_sst", {"--report", "all.html", "a", "b/"}, directory.path());
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out.empty());
  const auto html = read_text(directory.path() / "all.html");
  CHECK_THAT(html, contains("<th>a</th><th>b</th>") && contains("1e-3") && contains("loss, train"));
  CHECK_THAT(html, !contains("Machines that differ"));

  const auto nothing = run_app("classify_sst", {"--report", "all.html"}, directory.path());
  CHECK(nothing.exit_code == 2);
  CHECK_THAT(nothing.err, contains("--report needs the folders of runs"));
  directory.file("c/report.json", "{}");
  const auto broken = run_app("classify_sst", {"--report", "x.html", "a", "c"}, directory.path());
  CHECK(broken.exit_code == 3);
  CHECK_THAT(broken.err, contains("c/report.json: "));
  CHECK_FALSE(fs::exists(directory.path() / "x.html"));
}

TEST_CASE("apps/reports: events for TensorBoard, of each seed in a folder of its own") {
  const TrainingDirectory directory;
  REQUIRE(directory.train("run", {"--tensorboard", "events", "--seeds", "2", "--seed", "1"})
              .exit_code == 0);
  for (const std::string seed : {"seed-1", "seed-2"}) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(directory.path() / "events" / seed)) {
      files.push_back(entry.path());
    }
    REQUIRE(files.size() == 1);
    const auto events = read_text(files.front());
    for (const auto* tag : {"loss/train", "loss/dev", "learning_rate", "accuracy/dev"}) {
      CHECK_THAT(events, contains(tag));
    }
  }
  const auto refused = directory.train("other", {"--tensorboard", "dev.txt"});
  CHECK(refused.exit_code == 2);
  CHECK_THAT(refused.err, contains("--tensorboard is \"dev.txt\""));
}
