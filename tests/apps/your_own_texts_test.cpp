// docs/your-own-texts.md, followed to the letter: every block of commands is run, in its order,
// where the table lies as in the repository.

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama::test;
namespace fs = std::filesystem;

namespace {

/// The blocks of a page that begin with ```sh.
std::vector<std::string> command_blocks(const std::string& page) {
  std::vector<std::string> blocks;
  const std::string begin = "\n```sh\n";
  for (auto at = page.find(begin); at != std::string::npos; at = page.find(begin, at)) {
    at += begin.size();
    blocks.push_back(page.substr(at, page.find("\n```", at) - at));
  }
  return blocks;
}

}  // namespace

TEST_CASE("your own texts: the page's commands do what it says") {
  const TemporaryDirectory directory;
  fs::create_directories(directory.path() / "docs/example");
  fs::copy(repository_file("docs/example/messages.csv"), directory.path() / "docs/example");
  const auto blocks = command_blocks(read_text(repository_file("docs/your-own-texts.md")));
  REQUIRE(blocks.size() == 8);
  std::vector<Outcome> outcomes;
  for (const auto& block : blocks) {
    outcomes.push_back(
        run_program("/bin/sh", {"-eu", "-c", block}, directory.path(), "", {},
                    {std::string("PATH=") + MINILLAMA_BIN_DIR + ":" + std::getenv("PATH")}));
    INFO(block << '\n' << outcomes.back().err);
    REQUIRE(outcomes.back().exit_code == 0);
  }
  const auto& trained = outcomes[0];
  CHECK_THAT(trained.err, contains("column 2 (message)") && contains("column 3 (topic)"));
  CHECK_THAT(trained.err, contains("are there again") && contains("are under two labels"));
  CHECK_THAT(trained.err, contains("of naive Bayes"));
  CHECK_THAT(trained.err, contains("to use it: classify -m runs/messages"));

  const auto answers = lines_of(outcomes[1].out);
  REQUIRE(answers.size() == 2);
  CHECK_THAT(answers[0], Catch::Matchers::StartsWith("delivery  0."));
  CHECK_THAT(answers[1], Catch::Matchers::StartsWith("invoice  0."));
  CHECK_THAT(outcomes[2].out, contains("\tThe screen of my phone is black.\n"));
  CHECK_THAT(outcomes[3].out, contains("\"name\":\"invoice\""));
  // It has seen nearly all of these; so it is to know them.
  CHECK_THAT(outcomes[4].out, contains("accuracy 0.9") || contains("accuracy 1.0"));
  CHECK_THAT(outcomes[5].out, contains("learning rate "));
  CHECK_THAT(read_text(directory.path() / "runs.html"), contains("tried"));
  CHECK_THAT(outcomes[6].out, contains("epoch 12: "));
  CHECK_THAT(outcomes[7].out, contains("delivery  0."));

  for (const auto* file :
       {"adapter_config.json", "adapter_model.safetensors", "dev-predictions.txt", "metrics.jsonl",
        "report.html", "report.json", "settings.json", "training.safetensors"}) {
    CHECK(fs::exists(directory.path() / "runs/messages" / file));
  }
  CHECK(std::distance(fs::directory_iterator(directory.path() / "runs/messages"), {}) ==
        9);  // and .lock
}
