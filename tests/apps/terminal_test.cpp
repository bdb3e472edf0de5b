// What a person sees: lines that fit, and nothing that moves the cursor or hides what is there.

#include <algorithm>

#include "common/output.h"
#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama::test;
namespace app = minillama::app;

namespace {

std::string tiny() {
  return repository_file("checkpoints/reviews-tiny").string();
}

/// The most characters that stand in a line; "\r" begins a line anew, and "\x1b[K" has no width.
std::size_t widest(const std::string& shown) {
  std::size_t most = 0;
  std::size_t column = 0;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const auto byte = static_cast<unsigned char>(shown[i]);
    if (byte == '\n' || byte == '\r') {
      column = 0;
    } else if (shown.compare(i, 3, "\x1b[K") == 0) {
      i += 2;
    } else if ((byte & 0xC0) != 0x80) {
      most = std::max(most, ++column);
    }
  }
  return most;
}

void write_sentences(const TemporaryDirectory& directory) {
  std::string sentences;
  for (int i = 0; i < 60; ++i) {
    sentences += std::to_string(i % 5) + " ||| A delight from its first scene to its last .\n";
  }
  directory.file("s", sentences);
}

Outcome train_on_terminal(const TemporaryDirectory& directory, unsigned short columns,
                          const std::vector<std::string>& environment = {}) {
  write_sentences(directory);
  return run_on_terminal("classify_sst",
                         {"-m", tiny(), "--option", "lora", "--train", "s", "--dev", "s",
                          "--epochs", "1", "--batch-size", "2"},
                         directory.path(), columns, environment);
}

}  // namespace

TEST_CASE("terminal: help fits, whatever the width, and 80 columns where there is none") {
  const TemporaryDirectory directory;
  for (const std::string name :
       {"generate", "classify", "classify_sst", "classify_cfimdb", "convert", "pretrain"}) {
    for (const unsigned short columns : {60, 80, 200}) {
      CAPTURE(name, columns);
      const auto help = run_on_terminal(name, {"--help"}, directory.path(), columns);
      CHECK(help.exit_code == 0);
      CHECK(widest(help.out) <= columns);
      CHECK_THAT(help.out, contains("Examples:"));
    }
    CHECK(widest(run_app(name, {"--help"}, directory.path()).out) <= 80);
    CHECK(widest(run_on_terminal(name, {"--help"}, directory.path(), 200, {"COLUMNS=66"}).out) <=
          66);
  }
}

TEST_CASE("terminal: training's lines and its progress bar fit") {
  for (const unsigned short columns : {40, 60, 80, 200}) {
    const TemporaryDirectory directory;
    const auto outcome = train_on_terminal(directory, columns);
    CAPTURE(columns, outcome.out);
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(outcome.out, contains("\x1b[K"));
    CHECK(widest(outcome.out) <= columns);
  }
}

TEST_CASE("terminal: a dumb one is sent no control sequences") {
  for (const std::string term : {"TERM=dumb", "TERM="}) {
    const TemporaryDirectory directory;
    const auto outcome = train_on_terminal(directory, 80, {term, "NO_COLOR=1"});
    CHECK(outcome.exit_code == 0);
    CHECK_THAT(outcome.out, !contains("\x1b") && !contains("\r") && contains("epoch 1: "));
  }
}

TEST_CASE("terminal: control characters of texts and labels are shown, not sent") {
  const TemporaryDirectory directory;
  directory.file("names", R"(["\u001b[31mred", "a\u009b2Jb", "x\u202ey", "n\nn", "e"])");
  const std::vector<std::string> common{"-m",     tiny(),          "--option",
                                        "prompt", "--label-names", "names"};
  const auto classify = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), common.begin(), common.end());
    return arguments;
  };
  write_sentences(directory);
  const auto table = run_app("classify_sst", classify({"--dev", "s"}), directory.path());
  CHECK(table.exit_code == 0);
  CHECK_THAT(table.out, !contains("\x1b") && !contains("\xC2\x9B") && !contains("\xE2\x80\xAE"));
  CHECK_THAT(table.out, contains(R"(\x1b[31mred)") && contains(R"(a\u009b2Jb)"));
  // The figures, a table of six lines, another behind a blank one, and five mistakes of two lines
  // behind another and their head.
  CHECK(lines_in(table.out) == 1 + 6 + 1 + 6 + 2 + 5 * 2);

  const std::string text = "bad \x1b[2J \xC2\x9B and \xE2\x80\xAE text";
  const auto json =
      run_on_terminal("classify_sst", classify({"--json", text}), directory.path(), 80);
  CHECK(json.exit_code == 0);
  CHECK_THAT(json.out, contains(R"(bad \u001b[2J \u009b and \u202e text)"));
  CHECK_THAT(json.out, !contains("\x1b"));
  const auto continued =
      run_on_terminal("generate", {"-m", tiny(), "-p", text, "-n", "4"}, directory.path(), 80);
  CHECK_THAT(continued.out, contains(R"(bad \u001b[2J \u009b)") && !contains("\x1b"));
  // A program gets what was written.
  CHECK_THAT(run_app("generate", {"-m", tiny(), "-p", text, "-n", "4"}, directory.path()).out,
             contains(text));
  const auto refused = run_app("generate",
                               {"-m",
                                "a\xC2\x9B"
                                "b",
                                "-p", "x"},
                               directory.path());
  CHECK_THAT(refused.err, contains(R"(a\u009bb)"));
}

TEST_CASE("terminal: generate with nothing to do does not wait for someone to type") {
  const TemporaryDirectory directory;
  const auto outcome = run_on_terminal("generate", {}, directory.path(), 80);
  CHECK(outcome.exit_code == 2);
  CHECK_THAT(outcome.out, contains("nothing to continue"));
  CHECK(widest(outcome.out) <= 80);
}

TEST_CASE("terminal: lines are broken between words") {
  CHECK(app::wrapped("one two three", 8) == "one two\n  three");
  CHECK(app::wrapped("one two three\nfour\n", 80) == "one two three\nfour\n");
  CHECK(app::wrapped("a-word-that-is-too-long b", 5) == "a-word-that-is-too-long\n  b");
  CHECK(app::wrapped("ö ö ö ö", 5) == "ö ö ö\n  ö");
  CHECK(app::wrapped("", 5).empty());
}

TEST_CASE("terminal: figures keep their width") {
  CHECK(app::number(1.23456, 4) == "1.2346");
  CHECK(app::number(-999999, 2) == "-999999.00");
  CHECK(app::number(1e30, 4) == "1.000e+30");
  CHECK(app::number(-1e300, 2) == "-1.00e+300");
}
