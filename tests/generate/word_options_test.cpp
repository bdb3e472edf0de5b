#include "minillama/generate/word_options.h"

#include <algorithm>
#include <limits>
#include <sstream>

#include "minillama/generate/text_generator.h"

#include "support/byte_pairs.h"
#include "support/catch.h"
#include "support/option_error.h"

using namespace minillama;
using test::option_error;

namespace {

Tokenizer sentencepiece() {
  return Tokenizer::load(test::repository_file("checkpoints/reviews-tiny/tokenizer.model"));
}

Tokenizer byte_pairs() {
  return Tokenizer::load(test::byte_pairs_file("smollm"));
}

/// The pieces of what is banned, joined.
std::vector<std::string> spellings(const Tokenizer& tokenizer, const std::string& word) {
  std::vector<std::string> found;
  for (const auto& ids : with_words({}, {.banned_words = {word}}, tokenizer).banned) {
    std::string text;
    for (const auto id : ids) text += tokenizer.piece(id);
    found.push_back(text);
  }
  return found;
}

std::vector<LogitBias> biases(const Tokenizer& tokenizer, const std::string& text) {
  return with_words({}, {.logit_bias = {text}}, tokenizer).logit_bias;
}

}  // namespace

TEST_CASE("word options: a banned word is banned with the space in front and without") {
  const std::string space = "\u2581";
  CHECK(spellings(sentencepiece(), "film") == std::vector<std::string>{"film", space + "film"});
  CHECK(spellings(sentencepiece(), " film") == std::vector<std::string>{space + "film"});
  CHECK(spellings(sentencepiece(), "the film") ==
        std::vector<std::string>{"the" + space + "film", space + "the" + space + "film"});
  const std::string byte_space = "\u0120";
  CHECK(spellings(byte_pairs(), "the") == std::vector<std::string>{"the", byte_space + "the"});
  CHECK(spellings(byte_pairs(), " the") == std::vector<std::string>{byte_space + "the"});
  CHECK(spellings(byte_pairs(), "!") == std::vector<std::string>{"!", byte_space + "!"});
}

TEST_CASE("word options: a bias is for an id, or for the token of a text") {
  const auto tokenizer = byte_pairs();
  const auto the = tokenizer.encode("the", TextPlace::after_space);
  REQUIRE(the.size() == 1);
  auto found = biases(tokenizer, " the=-2.5");
  REQUIRE(found.size() == 1);
  CHECK(found[0].token == the[0]);
  CHECK(found[0].bias == -2.5);
  found = biases(tokenizer, "12=-inf");
  CHECK(found[0].token == 12);
  CHECK(found[0].bias == -std::numeric_limits<double>::infinity());
  found = biases(tokenizer, "==1");
  CHECK(tokenizer.piece(found[0].token) == "=");

  const auto refused = [&](const std::string& text) {
    return option_error([&] { biases(tokenizer, text); });
  };
  CHECK_THAT(refused("the"), contains("logit-bias is \"the\", must be TOKEN=BIAS"));
  CHECK_THAT(refused("=1"), contains("must be TOKEN=BIAS"));
  CHECK_THAT(refused("the=much"), contains("must be TOKEN=BIAS"));
  CHECK_THAT(refused("12=inf"), contains("token 12 is inf"));
  CHECK_THAT(refused("1000000=1"), contains("is 1000000"));
  CHECK_THAT(refused("the end of it=1"), contains("\"the end of it\" is "));
}

TEST_CASE("word options: DRY's breakers are the tokens with one in their text") {
  for (const auto& tokenizer : {sentencepiece(), byte_pairs()}) {
    const GenerationOptions dry{.dry_multiplier = 1};
    const auto breakers = with_words(dry, {.dry_breakers = {"\n", "*"}}, tokenizer).dry_breakers;
    const auto is_breaker = [&](const std::string& text) {
      const auto ids = tokenizer.encode(text);
      return std::ranges::any_of(
          ids, [&](std::int64_t id) { return std::ranges::find(breakers, id) != breakers.end(); });
    };
    CHECK(is_breaker("a*"));
    CHECK(is_breaker("**"));
    CHECK_FALSE(is_breaker("a film: \"so so\""));
    CHECK(with_words(dry, {.dry_breakers = {""}}, tokenizer).dry_breakers.empty());
    CHECK(with_words({}, {}, tokenizer).dry_breakers.empty());  // nobody asks for them
    CHECK_THAT(option_error([&] {
                 with_words(dry, {.dry_breakers = {"*", "no such token"}}, tokenizer);
               }),
               contains("dry-breaker is \"no such token\""));
  }
}

TEST_CASE("word options: what no text can be made of is refused") {
  const auto tokenizer = sentencepiece();
  for (const auto* word : {"", " "}) {
    CHECK_THAT(option_error([&] { with_words({}, {.banned_words = {word}}, tokenizer); }),
               contains("must be a word"));
  }
  CHECK_THAT(option_error([&] { with_words({}, {.banned_words = {"\xFF"}}, tokenizer); }),
             contains("UTF-8"));
  CHECK_THAT(option_error([&] { with_words({.top_k = -1}, {}, tokenizer); }),
             contains("top-k is -1"));
}

TEST_CASE("word options: a text is written without a banned word") {
  const auto lm = TextGenerator::load(test::repository_file("checkpoints/reviews-tiny"));
  const GenerationOptions greedy{.max_new_tokens = 40, .temperature = 0};
  const auto written = [&](const GenerationOptions& options) {
    std::ostringstream out;
    lm.generate("This movie is a", options, out);
    return out.str();
  };
  const auto free = written(greedy);
  const auto word = free.substr(1, free.find(' ', 1) - 1);
  REQUIRE_FALSE(word.empty());
  const auto without = written(with_words(greedy, {.banned_words = {word}}, lm.tokenizer()));
  INFO(word << " | " << without);
  CHECK((without + " ").find(" " + word + " ") == std::string::npos);
}
