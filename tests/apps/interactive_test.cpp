// generate --interactive: a text that a person and the model write by turns.

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama::test;

namespace {

std::vector<std::string> with_model(std::vector<std::string> options) {
  options.insert(options.begin(),
                 {"-m", repository_file("checkpoints/reviews-tiny").string(), "-n", "8"});
  return options;
}

Outcome interact(const std::string& lines, std::vector<std::string> options = {},
                 const std::filesystem::path& directory = ".") {
  options.emplace_back("-i");
  return run_app("generate", with_model(std::move(options)), directory, lines);
}

/// What generate writes behind a prompt.
std::string continued(const std::string& prompt, const std::vector<std::string>& options) {
  const auto all = replacing(with_model({"-p", prompt, "--no-display-prompt"}), options);
  return run_app("generate", all, ".").out;
}

}  // namespace

TEST_CASE("interactive: the model goes on behind what was typed, step by step") {
  const auto outcome = interact("This movie is\n\n", {"--temp", "0"});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.err.empty());
  const auto lines = lines_of(outcome.out);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] + "\n" == continued("This movie is", {"--temp", "0"}));
  CHECK(lines[0] + lines[1] + "\n" == continued("This movie is", {"--temp", "0", "-n", "16"}));
  // A prompt is the first step, and the i-th text has the seed that is i further.
  const auto prompted = lines_of(interact("\n/retry\n", {"-p", "I think", "--seed", "4"}).out);
  CHECK(prompted.at(0) == "I think");
  CHECK(prompted.at(1) + "\n" == continued("I think", {"--seed", "4"}));
  CHECK(prompted.at(2) + "\n" == continued("I think", {"--seed", "5"}));
}

TEST_CASE("interactive: steps are taken back one by one, and a new text begins") {
  const TemporaryDirectory directory;
  const auto outcome = interact(
      "One\n two\\nthree\n/undo\n/text\n/undo\n/undo\n/text\n/save "
      "out\n/new\n/text\nA\n/undo\n/undo\n",
      {"--temp", "0"}, directory.path());
  const auto lines = lines_of(outcome.out);
  const auto first = "One" + lines.at(0);
  CHECK(lines.at(2) == first + " two");
  CHECK(lines.at(3) == "three");
  CHECK(lines.at(4) == "One");
  CHECK(read_text(directory.path() / "out") == "One\n");
  CHECK(lines.at(5).empty());
  CHECK(lines.size() == 7);
  CHECK(outcome.exit_code == 0);
  const auto nothing = interact("A\n/undo\n/undo\n/undo\n");
  CHECK(nothing.exit_code == 3);
  CHECK_THAT(nothing.err, contains("standard input:4: there is nothing to take back"));
}

TEST_CASE("interactive: settings change as the options of their names would") {
  const auto outcome = interact(
      "/set temp 0\nThis movie is\n/set\n/undo\n/set ban good\n/set ban bad\n/set max-new-tokens "
      "3\n\n"
      "/set temp\n/set ban\n/set\n");
  CHECK(outcome.exit_code == 0);
  const auto lines = lines_of(outcome.out);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] + "\n" == continued("This movie is", {"--temp", "0"}));
  CHECK(lines[1] + "\n" ==
        continued("This movie is", {"--temp", "0", "--ban", "good", "--ban", "bad", "-n", "3"}));
  CHECK_THAT(outcome.err, contains("chosen by: temp 0; 8 tokens at most") &&
                              contains("temp 0.8, epsilon 0.05; 3 tokens at most"));
  // A constraint begins anew with each of the model's texts.
  CHECK(interact("I give it\n\n/set regex\n/set choices  bad\n\n", {"--regex", " [1-5]"})
            .out.size() == std::string(" 1\n 2\n bad\n").size());
  CHECK(lines_of(interact("I give it\n/undo\n/top 2\n", {"--regex", " [1-5]"}).out).size() == 3);
  const auto refused = [](const std::string& line, const std::string& reason) {
    const auto wrong = interact("/set top-k 3\n" + line + "\n");
    CHECK(wrong.exit_code == 3);
    CHECK_THAT(wrong.err, contains("standard input:2: ") && contains(reason));
  };
  refused("/set topk 3", "there is no setting \"topk\"");
  refused("/set temp warm", "--temp is \"warm\"");
  refused("/set temp 0", "--top-k");
  refused("/set ban \xff", "UTF-8");
  refused("/top many", "\"many\" is no number from 0 to 100");
  refused("/sing", "\"/sing\" is no command");
  refused("/save", "/save needs the name of a file");
}

TEST_CASE("interactive: the most probable tokens, before and behind a text") {
  const auto outcome = interact("This movie is\n/undo\n/top 3\n/show 2\n\n", {"--temp", "0"});
  const auto lines = lines_of(outcome.out);
  REQUIRE(lines.size() == 5);
  double last = 1;
  for (std::size_t i = 1; i < 4; ++i) {
    const auto probability = std::stod(lines[i]);
    CHECK(probability <= last);
    last = probability;
  }
  CHECK(lines[4] == lines[0]);
  CHECK(lines_in(outcome.err) == 8);
  CHECK(outcome.err.substr(0, 6) == lines[1].substr(0, 6));
}

TEST_CASE("interactive: a person sees what is wrong and goes on, and edits lines") {
  const TemporaryDirectory directory;
  const auto outcome =
      run_on_terminal("generate", with_model({"-i", "--temp", "0"}), directory.path(), 80, {},
                      {"/sing\r", "Thix\x7fs movie is\r", "/text\r"});
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.out,
             contains("\"/sing\" is no command") &&
                 contains("\nThis movie is" + continued("This movie is", {"--temp", "0"})));
}

TEST_CASE("interactive: what does not go with it is refused") {
  CHECK_THAT(interact("", {"--chat"}).err, contains("--interactive does not go with --chat"));
  CHECK_THAT(interact("", {"--num-beams", "2"}).err,
             contains("--num-beams does not go with --interactive"));
  CHECK_THAT(interact("", {"-p", "a", "-p", "b"}).err, contains("--prompt is given 2 times"));
}
