// Constraints of generate, as its user sees them.

#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama::test;

namespace {

Outcome generate(std::vector<std::string> options, const std::string& prompt = "This movie is") {
  const TemporaryDirectory directory;
  const std::vector<std::string> common{
      "-m", repository_file("checkpoints/reviews-tiny").string(), "-p", prompt, "--temp", "1"};
  options.insert(options.end(), common.begin(), common.end());
  return run_app("generate", options, directory.path());
}

constexpr const char* kSchema =
    R"({"type": "object", "properties": {"title": {"type": "string"},
        "stars": {"type": "integer", "minimum": 1, "maximum": 5}}, "required": ["title", "stars"]})";

}  // namespace

TEST_CASE(
    "constraint: choices, patterns and schemas are obeyed, whatever is left out of a prompt") {
  for (const auto* seed : {"1", "2", "3"}) {
    const auto choice = generate({"--choices", " good, bad, a bore", "--seed", seed}).out;
    CHECK((choice == "This movie is good\n" || choice == "This movie is bad\n" ||
           choice == "This movie is a bore\n"));
    const auto stars =
        generate({"--regex", "[1-5]( stars)?", "--no-display-prompt", "--seed", seed});
    CHECK((stars.out.size() == 2 || stars.out.ends_with(" stars\n")));
    for (const auto* tokens : {"18", "24", "100"}) {
      const auto json =
          generate({"--json-schema", kSchema, "-n", tokens, "--no-display-prompt", "--seed", seed},
                   "As JSON: ");
      INFO(json.out << json.err);
      const auto value = nlohmann::json::parse(json.out);
      CHECK(value.at("title").is_string());
      CHECK((value.at("stars") >= 1 && value["stars"] <= 5));
    }
    const auto object =
        generate({"--json-object", "-n", "20", "--no-display-prompt", "--seed", seed}).out;
    CHECK(nlohmann::json::parse(object).is_object());
  }
}

TEST_CASE("constraint: a schema is read from a file, which errors name") {
  const TemporaryDirectory files;
  const auto right = files.file("right.json", kSchema);
  const auto json = generate({"--json-schema", right.string(), "--no-display-prompt"});
  CHECK(nlohmann::json::parse(json.out).contains("stars"));
  const auto wrong = files.file("wrong.json", R"({"format": "date"})");
  const auto refused = generate({"--json-schema", wrong.string()});
  CHECK(refused.exit_code == 3);
  CHECK_THAT(refused.err, contains("wrong.json: the JSON schema at # has the keyword \"format\""));
  CHECK(generate({"--json-schema", "missing.json"}).exit_code == 3);
}

TEST_CASE("constraint: what cannot be used is named, before a word is written") {
  const auto refused = [](const std::vector<std::string>& options) {
    const auto outcome = generate(options);
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.out.empty());
    return outcome.err;
  };
  CHECK_THAT(refused({"--regex", "a("}), contains("the regular expression \"a(\" at byte 1"));
  CHECK_THAT(refused({"--regex", "(a{1000}){1000}"}), contains("the constraint is too large"));
  CHECK_THAT(refused({"--json-schema", R"({"type": "x"})"}), contains("at #/type is \"x\""));
  CHECK_THAT(refused({"--choices", "a,,b"}), contains("a choice is empty"));
  CHECK_THAT(refused({"--json-schema", kSchema, "-n", "3"}), contains("max-new-tokens is 3"));
  CHECK_THAT(refused({"--regex", "a", "--choices", "a"}),
             contains("each says alone what may be written"));
  CHECK_THAT(refused({"--regex", "a", "--ignore-eos"}), contains("it says where the text ends"));
}
