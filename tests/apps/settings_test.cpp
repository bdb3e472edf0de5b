// Options as a file, as a page for man and as a shell completes them.

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"
#include "support/training_directory.h"

using namespace minillama::test;

namespace {

const std::vector<std::string> kApps{"classify", "classify_cfimdb", "classify_sst",
                                     "convert",  "generate",        "pretrain"};

/// The long options that --help lists.
std::vector<std::string> long_options(const std::string& help) {
  std::vector<std::string> names;
  for (const auto& line : lines_of(help)) {
    const auto at = line.find_first_not_of(' ');
    if (at == std::string::npos || at > 6 || line[at] != '-') continue;
    const auto begin = line.find("--", at);
    if (begin == std::string::npos) continue;
    const auto end = line.find_first_of(" ,)", begin);
    if (end == std::string::npos || line[end] != ')')
      names.push_back(line.substr(begin, end - begin));
  }
  return names;
}

}  // namespace

TEST_CASE("apps/settings: a run leaves its options, which repeat it") {
  const TrainingDirectory directory;
  const auto trained = directory.train(
      "one", {"--option", "lora", "--epochs", "1", "--lr", "1e-3", "--lora-rank", "2", "--template",
              "{sentence} It was", "--pooling", "last", "--class-weights", "balanced"});
  INFO(trained.err);
  REQUIRE(trained.exit_code == 0);
  const auto settings = directory.path() / "one" / "settings.json";
  CHECK_THAT(read_text(settings), contains("\"lora-rank\": 2"));
  CHECK_THAT(read_text(settings), contains("\"template\": \"{sentence} It was\""));
  CHECK(read_text(settings).find("out-dir") == std::string::npos);

  const auto again = run_app("classify_sst", {"--settings", settings.native(), "--out-dir", "two"},
                             directory.path());
  INFO(again.err);
  REQUIRE(again.exit_code == 0);
  CHECK(read_text(directory.path() / "two" / "sst-dev-lora-output.txt") ==
        read_text(directory.path() / "one" / "sst-dev-lora-output.txt"));
  CHECK(read_text(directory.path() / "two" / "settings.json") == read_text(settings));

  // What the command line gives counts before.
  const auto other = run_app(
      "classify_sst", {"--out-dir", "three", "--settings", settings.native(), "--lora-rank", "4"},
      directory.path());
  REQUIRE(other.exit_code == 0);
  CHECK_THAT(read_text(directory.path() / "three" / "settings.json"), contains("\"lora-rank\": 4"));
}

TEST_CASE("apps/settings: a file of options is read like a command line") {
  const TemporaryDirectory directory;
  const auto generated = [&](const std::string& settings, std::vector<std::string> words = {}) {
    directory.file("s.json", settings);
    words.insert(words.begin(), {"--settings", "s.json"});
    return run_app("generate", words, directory.path());
  };
  const auto expected =
      run_app("generate", {"-p", "A film", "-p", "It", "-n", "3", "--temp", "0", "--quiet"},
              directory.path());
  REQUIRE(expected.exit_code == 0);
  const std::string settings =
      "{\"prompt\": [\"A film\", \"It\"], \"max_new_tokens\": 3, \"temp\": 0, \"quiet\": true, "
      "\"json\": false, \"seed\": null}";
  CHECK(generated(settings).out == expected.out);
  CHECK(generated(settings, {"-n", "2"}).out != expected.out);

  const auto refused = [&](const std::string& text, const std::string& message) {
    const auto outcome = generated(text, {"-p", "A film"});
    CAPTURE(text, outcome.err);
    CHECK(outcome.exit_code == 3);
    CHECK(outcome.out.empty());
    CHECK(lines_in(outcome.err) == 1);
    CHECK_THAT(outcome.err, contains(message));
  };
  refused("[1]", "s.json: is [1], must be an object of options");
  refused("{\"tempp\": 1}", "s.json: unknown option --tempp: did you mean --temp?");
  refused("{\"temp\": {}}", "s.json: \"temp\" is {}, must be a text, a number");
  refused("{\"temp\": [[1]]}", "s.json: \"temp\" is [1], must be a text, a number");
  refused("{\"temp\": [0, 1]}", "s.json: --temp is given twice");
  refused("{\"temp\": true}", "s.json: ");
  refused("{\"settings\": \"s.json\"}", "s.json: \"settings\" is no setting");
  refused("{\"help\": true}", "s.json: \"help\" is no setting");
  refused("{\"temp\": 0, \"temp\": 1}", "s.json: \"temp\" is there twice");
  refused("{\"temp=1\": true}", "s.json: \"temp=1\" is no setting");
  refused("{\"\": true}", "s.json: \"\" is no setting");
  refused("{", "s.json: ");
  refused("{\"a b=c -- \": true}", "s.json: ");
  CHECK(run_app("generate", {"-p", "A film", "--settings", "none.json"}, directory.path())
            .exit_code == 3);
}

TEST_CASE("apps/completion: each shell's script has every option") {
  const TemporaryDirectory directory;
  for (const auto& app : kApps) {
    const auto names = long_options(run_app(app, {"--help"}, directory.path()).out);
    REQUIRE(names.size() > 5);
    for (const std::string shell : {"bash", "fish", "zsh"}) {
      const auto script = run_app(app, {"--completion", shell}, directory.path());
      REQUIRE(script.exit_code == 0);
      CAPTURE(app, shell);
      for (const auto& name : names) {
        CHECK_THAT(script.out, contains(shell == "fish" ? "-l " + name.substr(2) : name));
      }
    }
  }
  const auto refused = run_app("generate", {"--completion", "csh"}, directory.path());
  CHECK(refused.exit_code == 2);
  CHECK_THAT(refused.err, contains("--completion is \"csh\", must be bash or fish or zsh"));
}

TEST_CASE("apps/completion: bash completes names of options") {
  const TemporaryDirectory directory;
  directory.file("complete.bash",
                 run_app("generate", {"--completion", "bash"}, directory.path()).out);
  const auto completed = [&](const std::string& before, const std::string& word) {
    const auto outcome = run_program(
        "/bin/bash",
        {"-c", "compopt() { echo files; }; source complete.bash; COMP_WORDS=(generate '" + before +
                   "' '" + word +
                   "'); COMP_CWORD=2; _minillama_generate; echo \"${COMPREPLY[@]}\""},
        directory.path());
    return outcome.out;
  };
  CHECK(completed("-v", "--typ") == "--typical-p --typical\n");
  CHECK(completed("--model", "") == "files\n\n");
  CHECK(completed("--temp", "-") == "\n");
  CHECK(completed("--json", "x") == "files\n\n");
}

TEST_CASE("apps/man: a page has every option and no line that roff takes for a macro") {
  const TemporaryDirectory directory;
  for (const auto& app : kApps) {
    const auto page = run_app(app, {"--man"}, directory.path());
    REQUIRE(page.exit_code == 0);
    CHECK(page.out.starts_with(".TH "));
    auto text = page.out;
    for (std::size_t at = 0; (at = text.find("\\-", at)) != std::string::npos;) text.erase(at, 1);
    for (const auto& name : long_options(run_app(app, {"--help"}, directory.path()).out)) {
      CHECK_THAT(text, contains("\\fB" + name + "\\fR"));
    }
    for (const auto& line : lines_of(page.out)) {
      if (line.empty() || line.front() != '.') continue;
      CAPTURE(line);
      CHECK((line.starts_with(".TH ") || line.starts_with(".SH ") || line.starts_with(".SS ") ||
             line.starts_with(".B ") || line == ".TP" || line == ".PP" || line == ".nf" ||
             line == ".fi"));
    }
  }
}
