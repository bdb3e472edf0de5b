// Which tokens a constraint allows: against all texts of small vocabularies, and along random ways
// with those of real tokenizers.

#include "minillama/grammar/constraint.h"

#include <limits>
#include <map>
#include <queue>
#include <random>

#include "minillama/core/json.h"
#include "minillama/text/stream_decoder.h"
#include "minillama/text/token_ids.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/option_error.h"
#include "support/toy_tokenizer.h"

using namespace minillama;
using test::option_error;
using test::toy_tokenizer;
using Ids = std::vector<std::int64_t>;
using Texts = std::vector<std::string>;

namespace {

constexpr std::int64_t kMany = std::numeric_limits<std::int64_t>::max();

bool is_allowed(const Constraint& constraint, Constraint::Place place, std::int64_t token,
                std::int64_t left) {
  const auto bits = constraint.allowed(place, left);
  const auto id = static_cast<std::size_t>(token);
  return id / 64 < bits->size() && (bits->at(id / 64) >> (id % 64) & 1) != 0;
}

Ids allowed_tokens(const Constraint& constraint, Constraint::Place place, std::int64_t left) {
  const auto bits = constraint.allowed(place, left);
  Ids tokens;
  for (std::size_t id = 0; id < 64 * bits->size(); ++id) {
    if ((bits->at(id / 64) >> (id % 64) & 1) != 0) tokens.push_back(static_cast<std::int64_t>(id));
  }
  return tokens;
}

/// How many tokens complete a text at least, by trying all of them; kMany if none do.
std::int64_t fewest_tokens(const Constraint& constraint, Constraint::Place from) {
  std::map<std::uint32_t, std::int64_t> seen{{from.state, 0}};
  std::queue<Constraint::Place> open({from});
  while (!open.empty()) {
    const auto place = open.front();
    open.pop();
    if (constraint.may_end(place)) return seen[place.state];
    for (std::int64_t id = 0; id < constraint.vocabulary().size(); ++id) {
      const auto next = constraint.behind(place, id);
      if (seen.emplace(next.state, seen[place.state] + 1).second) open.push(next);
    }
  }
  return kMany;
}

const Tokenizer& tokenizer(const std::string& name) {
  static std::map<std::string, Tokenizer> all;
  const auto found = all.find(name);
  if (found != all.end()) return found->second;
  return all.emplace(name, Tokenizer::load(test::repository_file(name))).first->second;
}

const Texts kTokenizers{"checkpoints/reviews-tiny/tokenizer.model",
                        "tests/reference/byte_pairs/gpt2.json",
                        "tests/reference/byte_pairs/llama2.json",
                        "tests/reference/byte_pairs/gemma.json",
                        "tests/reference/byte_pairs/prefix_space.json",
                        "tests/reference/byte_pairs/metaspace_first.json",
                        "tests/reference/byte_pairs/metaspace_split.json"};

/// Random tokens that are allowed, at most `most` of them, until nothing may follow or, sometimes,
/// where the text may end.
Ids walk(const Constraint& constraint, const Ids& prompt, std::int64_t most, std::mt19937& random) {
  Ids ids;
  auto place = constraint.begin(prompt);
  while (std::ssize(ids) < most) {
    if (constraint.may_end(place) && (!constraint.goes_on(place) || random() % 8 == 0)) break;
    const auto tokens = allowed_tokens(constraint, place, most - std::ssize(ids));
    if (tokens.empty()) break;
    ids.push_back(tokens[random() % tokens.size()]);
    place = constraint.behind(place, ids.back());
  }
  CHECK(constraint.may_end(place));
  return ids;
}

std::string decoded(const Tokenizer& tokenizer, const Ids& prompt, const Ids& ids) {
  StreamDecoder stream(tokenizer, prompt);
  std::string text;
  for (const auto id : ids) text += stream.push(id);
  return text + stream.flush();
}

}  // namespace

TEST_CASE("constraint: a token is allowed if a text goes on with it that there is room for") {
  std::mt19937 random(1);
  const Texts patterns{"(ab|ba)*c",      "a{3,5}(b|cc)+",  "(a|bc)*(abc)?", "[^a]{2}a|cab*",
                       "(abc){2,}|a{9}", "((a|b)c?){2,4}", "c|abcabcabc",   ""};
  for (int round = 0; round < 60; ++round) {
    Texts pieces{"a", "b", "c"};
    for (auto n = random() % 8; n > 0; --n) {
      std::string piece;
      for (auto length = 2 + random() % 3; length > 0; --length) {
        piece += static_cast<char>('a' + random() % 3);
      }
      pieces.push_back(piece);
    }
    const auto constraint =
        Constraint::regular_expression(patterns[round % patterns.size()], toy_tokenizer(pieces));
    // From wherever some tokens lead.
    for (int i = 0; i < 10; ++i) {
      auto place = constraint->begin({});
      for (auto n = random() % 6; n > 0; --n) {
        const auto tokens = allowed_tokens(*constraint, place, kMany);
        if (tokens.empty()) break;
        place = constraint->behind(place, tokens[random() % tokens.size()]);
      }
      CHECK(constraint->shortest(place) >= fewest_tokens(*constraint, place));
      for (std::int64_t id = 0; id < constraint->vocabulary().size(); ++id) {
        const auto behind = constraint->behind(place, id);
        const auto needed = fewest_tokens(*constraint, behind);
        CHECK(is_allowed(*constraint, place, id, kMany) == (needed != kMany));
        for (std::int64_t left = 1; left < 12; ++left) {
          // As many as are known to be enough, which may be more than the fewest.
          const bool allowed = is_allowed(*constraint, place, id, left);
          CHECK(allowed == (needed != kMany && constraint->shortest(behind) < left));
          if (allowed) CHECK(needed < left);
        }
      }
      // Where there is room for the shortest completion, there is a first token of it.
      const auto shortest = constraint->shortest(place);
      if (shortest > 0) CHECK_FALSE(allowed_tokens(*constraint, place, shortest).empty());
    }
  }
}

TEST_CASE("constraint: random texts of real tokenizers are allowed and parse, within any room") {
  std::mt19937 random(2);
  const std::string schema = R"({"type": "object", "properties": {
      "title": {"type": "string", "maxLength": 20},
      "stars": {"type": "integer", "minimum": 1, "maximum": 5},
      "tags": {"type": "array", "items": {"enum": ["good", "très bon", "不错"]}, "maxItems": 3},
      "note": {"type": ["string", "null"]}}, "required": ["title", "note"]})";
  for (const auto& name : kTokenizers) {
    INFO(name);
    const auto& used = tokenizer(name);
    const Vocabulary vocabulary(used);
    const Texts choices{" yes", "yes, indeed", "non", "été", " "};
    const auto choice = Constraint::choices(choices, vocabulary);
    const auto pattern = Constraint::regular_expression(R"( ?[\wé]+(, .{1,5}){2,})", vocabulary);
    const auto json = Constraint::json_schema(schema, vocabulary);
    for (const auto* text : {"", "It is", "It is ", "\n"}) {
      const auto prompt = with_bos(used, used.encode(text));
      for (int i = 0; i < 12; ++i) {
        for (const auto& constraint : {choice, pattern, json}) {
          const auto room = constraint->shortest(constraint->begin(prompt)) +
                            static_cast<std::int64_t>(random() % (i < 6 ? 4 : 60));
          const auto ids = walk(*constraint, prompt, room, random);
          CHECK(std::ssize(ids) <= room);
          const auto written = decoded(used, prompt, ids);
          INFO(quote(text) << " + " << written);
          CHECK(constraint->accepts(written));
          if (constraint == choice) {
            CHECK(std::ranges::find(choices, written) != choices.end());
          } else if (constraint == json) {
            const auto value = Json::parse(written);
            CHECK(value.at("title").is_string());
            CHECK((value.at("note").is_string() || value.at("note").is_null()));
            if (value.contains("stars")) CHECK((value["stars"] >= 1 && value["stars"] <= 5));
          }
        }
      }
    }
  }
}

TEST_CASE("constraint: special tokens, and those without a text, are never part of one") {
  for (const auto& name : kTokenizers) {
    const auto& used = tokenizer(name);
    const auto constraint = Constraint::regular_expression("[^]*", used);
    const auto tokens = allowed_tokens(*constraint, constraint->begin(used.encode("a b")), kMany);
    CHECK(tokens.size() > 100);
    for (const auto id : tokens) {
      if (!used.is_control(id) && id != used.unk_id()) continue;
      FAIL(name << " allows " << used.piece(id));
    }
  }
}

TEST_CASE("constraint: at the start of everything a word has no space in front") {
  const auto& used = tokenizer(kTokenizers.front());
  const auto constraint = Constraint::choices(Texts{"good"}, used);
  const auto word = used.encode("good");
  REQUIRE(word.size() == 1);
  const Ids bos{used.bos_id()};
  const auto at_start = constraint->begin(bos);
  CHECK(is_allowed(*constraint, at_start, word[0], 1));
  CHECK(constraint->shortest(at_start) == 1);
  CHECK(constraint->may_end(constraint->behind(at_start, word[0])));
  const auto inside = constraint->begin(with_bos(used, used.encode("It is")));
  CHECK_FALSE(is_allowed(*constraint, inside, word[0], kMany));
  const auto spaced = Constraint::choices(Texts{" good"}, used);
  CHECK(is_allowed(*spaced, spaced->begin(with_bos(used, used.encode("It is"))), word[0], 1));
  CHECK_FALSE(is_allowed(*spaced, spaced->begin(bos), word[0], kMany));
}

TEST_CASE("constraint: what the vocabulary cannot write does not begin either") {
  const auto tokens = toy_tokenizer({"a", "b", "ax", "é", "\xC3"});
  // No token has the x by itself, and none the second byte of é.
  const auto constraint = Constraint::regular_expression("ab|ax|bx|b+é", tokens);
  const auto place = constraint->begin({});
  CHECK(allowed_tokens(*constraint, place, kMany) == Ids{3, 5});
  CHECK(allowed_tokens(*constraint, constraint->behind(place, 3), kMany) == Ids{4});
  CHECK(constraint->accepts("ab"));
  CHECK_FALSE(constraint->accepts("bx"));
  for (const auto* pattern : {"x", "a*x", "é", "[^ab]"}) {
    CHECK(option_error([&] { Constraint::regular_expression(pattern, tokens); }) ==
          "the vocabulary lacks bytes of every text that the constraint allows: it cannot be "
          "written with the model's tokens");
  }
}

TEST_CASE("constraint: choices are texts, as they stand") {
  const auto tokens = toy_tokenizer({"a", "b", "(", "*", "|"});
  const auto constraint = Constraint::choices(Texts{"a|b", "(a", "a"}, tokens);
  CHECK(constraint->accepts("a|b"));
  CHECK(constraint->accepts("(a"));
  CHECK(constraint->accepts("a"));
  CHECK_FALSE(constraint->accepts("b"));
  CHECK_FALSE(constraint->accepts(""));
  CHECK(constraint->shortest() == 1);
  CHECK(option_error([&] { Constraint::choices({}, tokens); }) ==
        "there are no choices, must be at least one");
  CHECK(option_error([&] {
          Constraint::choices(Texts{"a", ""}, tokens);
        }) == "a choice is empty, must be a text");
  CHECK(option_error([&] { Constraint::choices(Texts{"a\xFF"}, tokens); }) ==
        "choice \"a\\xff\" is not UTF-8");
}
