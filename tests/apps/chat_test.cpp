// generate --chat, with a small model that has a chat template beside it.

#include <sstream>

#include "support/catch.h"
#include "support/files.h"
#include "support/process.h"

using namespace minillama::test;

namespace {

using Words = std::vector<std::string>;

const std::string kZephyr =
    "{% for message in messages %}{{ '<|' + message['role'] + '|>\\n' + message['content'] + "
    "eos_token + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}"
    "{% endif %}";

/// A directory with a model "m", whose chat template is the given one.
struct Place : TemporaryDirectory {
  explicit Place(const std::string& jinja) {
    std::filesystem::copy(repository_file("checkpoints/reviews-tiny"), path() / "m");
    file("m/chat_template.jinja", jinja);
  }

  Outcome chat(Words words, const std::string& input = "") const {
    const Words common{"-m", "m", "--chat", "-n", "12", "--temp", "0"};
    words.insert(words.begin(), common.begin(), common.end());
    return run_app("generate", words, path(), input);
  }
};

}  // namespace

TEST_CASE("chat app: messages come from prompts, files and pipes alike, and blank lines are none") {
  const Place place(kZephyr);
  const auto expected = place.chat({"-p", "Is it good ?", "-p", "Why ?"});
  CHECK(expected.exit_code == 0);
  CHECK(lines_in(expected.out) >= 2);
  CHECK(place.chat({}, "Is it good ?\n\n \nWhy ?\n").out == expected.out);
  CHECK(place.chat({}, "Is it good ?\r\nWhy ?").out == expected.out);
  place.file("text", "Is it good ?\nWhy ?\n");
  CHECK(place.chat({"-f", "text"}).out == expected.out);
  const auto first = place.chat({"-p", "Is it good ?"}).out;
  CHECK(expected.out.starts_with(first));
  CHECK_FALSE(place.chat({"--system", "You love it .", "-p", "Is it good ?"}).out == first);
  CHECK_THAT(expected.err, contains("was cut after 12 tokens (--max-new-tokens)"));
  CHECK(place.chat({"-p", "Is it good ?", "--quiet"}).err.empty());
  CHECK(place.chat({}, "").out.empty());

  const auto info = run_app("convert", {"-m", "m", "--info"}, place.path());
  CHECK_THAT(info.out, contains("chat template          Zephyr\n"));
}

TEST_CASE("chat app: the oldest turns go when the context is full, and it says so") {
  const Place place(kZephyr);
  std::string lines;
  for (int i = 0; i < 6; ++i) {
    for (int k = 0; k < 70; ++k) lines += "It is long . ";
    lines += '\n';
  }
  const auto outcome = place.chat({}, lines);
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.err, contains("context is full: 1 of the oldest turns dropped."));
}

TEST_CASE("chat app: what cannot be talked with, or said, is refused by name") {
  const Place place("{{ messages }}");
  const auto refused = [](const Outcome& outcome, const std::string& part, int code = 3) {
    CHECK(outcome.exit_code == code);
    CHECK(lines_in(outcome.err) == 1);
    CHECK_THAT(outcome.err, contains(part));
  };
  refused(
      place.chat({}, "Hi\n"),
      "m/chat_template.jinja: its chat template is of none of the known kinds, ChatML, Llama 3, "
      "Zephyr, Llama 2, Mistral");
  CHECK_THAT(run_app("convert", {"-m", "m", "--info"}, place.path()).out,
             contains("chat template          unknown\n"));
  std::filesystem::remove(place.path() / "m/chat_template.jinja");
  refused(place.chat({}, "Hi\n"), "m: has no chat template");
  CHECK_THAT(run_app("convert", {"-m", "m", "--info"}, place.path()).out,
             contains("chat template          none\n"));

  place.file("m/tokenizer_config.json", "{\"chat_template\": 7}");
  refused(place.chat({}, "Hi\n"), "m/tokenizer_config.json: field \"chat_template\" is 7");
  std::filesystem::remove(place.path() / "m/tokenizer_config.json");
  place.file("m/chat_template.jinja", kZephyr);
  std::string endless;
  for (int k = 0; k < 2000; ++k) endless += "long ";
  const auto outcome = place.chat({"--quiet"}, "Hi\n\n" + endless + "\nHi\n");
  refused(outcome, "standard input:3: the message and what stands around it have ");
  CHECK(outcome.out == place.chat({"--quiet"}, "Hi\n").out);
  refused(place.chat({"--quiet"}, "caf\xe9\n"), "standard input:1: not UTF-8");
  refused(place.chat({"--attention", "full"}, "Hi\n"), "causal", 2);
}
