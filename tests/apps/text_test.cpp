// Text as it comes: from files of other systems, pipes and standard input, with lines that are
// none.

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama::test;

namespace {

const std::string kMark = "\xEF\xBB\xBF";

std::string tiny() {
  return repository_file("checkpoints/reviews-tiny").string();
}

Outcome generate(const TemporaryDirectory& directory, std::vector<std::string> arguments,
                 const std::string& input = "") {
  const std::vector<std::string> common{"-m", tiny(), "--temp", "0", "-n", "8"};
  arguments.insert(arguments.end(), common.begin(), common.end());
  return run_app("generate", arguments, directory.path(), input);
}

}  // namespace

TEST_CASE("text: a prompt is the same from the command line, any file, and standard input") {
  const TemporaryDirectory directory;
  const auto expected = generate(directory, {"-p", "This movie is"}).out;
  REQUIRE(expected.starts_with("This movie is"));
  for (const std::string content : {"This movie is", "This movie is\n", "This movie is\r\n"}) {
    for (const std::string& mark : {std::string(), kMark}) {
      directory.file("prompt", mark + content);
      CHECK(generate(directory, {"-f", "prompt"}).out == expected);
      CHECK(generate(directory, {}, mark + content).out == expected);
      CHECK(generate(directory, {"-f", "-"}, mark + content).out == expected);
      CHECK(generate(directory, {"-f", "/dev/stdin"}, mark + content).out == expected);
    }
  }
  const auto two = generate(directory, {"-p", "This movie is\nThe"}).out;
  directory.file("prompt", "This movie is\r\nThe\r\n");
  CHECK(generate(directory, {"-f", "prompt"}).out == two);
}

TEST_CASE("text: without a text generate says what to do and writes nothing") {
  const TemporaryDirectory directory;
  const auto outcome = generate(directory, {});
  CHECK(outcome.exit_code == 2);
  CHECK(outcome.out.empty());
  CHECK_THAT(outcome.err, contains("generate: error: nothing to continue: give a text with"));
  CHECK(std::filesystem::is_empty(directory.path()));
  directory.file("prompt", kMark);
  CHECK_THAT(generate(directory, {"-f", "prompt"}).err, contains("prompt: is empty"));
  directory.file("prompt", "a\ncaf\xe9\n");
  const auto latin = generate(directory, {"-f", "prompt"});
  CHECK(latin.exit_code == 3);
  CHECK_THAT(latin.err, contains("prompt:2: not UTF-8 at byte 3 of the line"));
  CHECK_THAT(generate(directory, {"-f", "-"}, "a\ncaf\xe9\n").err,
             contains("standard input:2: not UTF-8"));
  CHECK(generate(directory, {"-p", "x", "--assignment"}).exit_code == 2);
}

TEST_CASE("text: --each-line goes on after a line that cannot be continued, and says which") {
  const TemporaryDirectory directory;
  std::string endless;
  for (int i = 0; i < 3000; ++i) endless += "long ";
  const auto expected = lines_of(generate(directory, {"--each-line", "-f", "-"}, "A\n\nB\n").out);
  REQUIRE(expected.size() == 3);
  CHECK(expected[1].empty());
  CHECK(lines_of(generate(directory, {"--each-line"}, kMark + "A\r\n\r\nB\r\n").out) == expected);

  directory.file("lines", "A\n" + endless + "\n\nB\ncaf\xe9");
  const auto outcome = generate(directory, {"--each-line", "-f", "lines"});
  CHECK(outcome.exit_code == 3);
  CHECK(lines_of(outcome.out) ==
        std::vector<std::string>{expected[0], "", expected[1], expected[2], ""});
  CHECK_THAT(outcome.err, contains("lines:2: the prompt has "));
  CHECK_THAT(outcome.err, contains("lines:5: not UTF-8 at byte 3"));
  CHECK_THAT(outcome.err, contains("generate: error: lines: 2 of 5 lines could not be continued"));
}

TEST_CASE("text: classifying answers line n with line n, at once or one by one") {
  const TemporaryDirectory directory;
  std::string lines = kMark + "A delight .\r\n\r\n";
  for (int i = 0; i < 40; ++i)
    lines += std::string(static_cast<std::size_t>(i % 7), 'a') + " dull\n";
  directory.file("lines", lines);
  const std::vector<std::string> common{"-m", tiny(), "--option", "prompt"};
  const auto classify = [&](std::vector<std::string> arguments, const std::string& input,
                            Stream in = Stream::file) {
    arguments.insert(arguments.end(), common.begin(), common.end());
    return run_app("classify_sst", arguments, directory.path(), input, {}, {}, {.in = in});
  };
  const auto from_file = classify({"-f", "lines"}, "");
  CHECK(from_file.exit_code == 0);
  const auto answers = lines_of(from_file.out);
  REQUIRE(answers.size() == 42);
  CHECK(answers[0] == lines_of(classify({"A delight ."}, "").out).at(0));
  CHECK(answers[1].empty());
  CHECK(answers[2] == lines_of(classify({" dull"}, "").out).at(0));
  CHECK(classify({}, lines).out == from_file.out);
  CHECK(classify({"-f", "-"}, lines).out == from_file.out);
  CHECK(classify({}, lines, Stream::piped).out == from_file.out);

  const auto json = lines_of(classify({"-f", "lines", "--json"}, "").out);
  REQUIRE(json.size() == 42);
  CHECK(json[1] == R"({"blank":true,"text":""})");
  CHECK_THAT(json[0], contains(R"("text":"A delight ."})"));

  const auto broken = classify({}, "A delight .\nA d\xefght .\n", Stream::piped);
  CHECK(broken.exit_code == 3);
  CHECK(lines_of(broken.out).size() == 1);
  CHECK_THAT(broken.err, contains("standard input:2: not UTF-8 at byte 3"));
}

TEST_CASE("text: a byte order mark and other line ends do not change what is trained on") {
  const TemporaryDirectory directory;
  const std::string text = "A delight .\nA bore .\nI was bored and wanted my money back .\n";
  std::string other = kMark;
  for (const char c : text) other += c == '\n' ? "\r\n" : std::string(1, c);
  directory.file("plain", text);
  directory.file("windows", other);
  const auto ids_of = [&](const std::string& file) {
    const auto outcome = run_app(
        "pretrain",
        {"-m", tiny(), "--train", file, "--valid", "plain", "--steps", "1", "--warmup-steps", "0",
         "--window", "8", "--batch-size", "1", "--accumulate", "1", "--out-dir", "from-" + file},
        directory.path());
    CHECK(outcome.exit_code == 0);
    return outcome.err.substr(0, outcome.err.find(" to train on"));
  };
  CHECK(ids_of("plain") == ids_of("windows"));
}
