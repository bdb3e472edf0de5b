// Constraints with every strategy and in conversations, on the tiny model that ships.

#include <algorithm>
#include <sstream>

#include <fmt/format.h>

#include "minillama/core/json.h"
#include "minillama/generate/chat.h"
#include "minillama/generate/decode.h"
#include "minillama/generate/sampler.h"
#include "minillama/generate/scheduler.h"
#include "minillama/generate/text_generator.h"
#include "minillama/generate/word_options.h"
#include "minillama/grammar/constraint.h"

#include "support/catch.h"
#include "support/counting_decoder.h"
#include "support/files.h"
#include "support/option_error.h"
#include "support/toy_model.h"
#include "support/toy_tokenizer.h"

using namespace minillama;
using test::Ids;
using test::option_error;
using Texts = std::vector<std::string>;

namespace {

const TextGenerator& tiny() {
  static const auto model = TextGenerator::load(test::repository_file("checkpoints/reviews-tiny"));
  return model;
}

constexpr const char* kSchema = R"({"type": "object", "properties": {
    "title": {"type": "string"}, "stars": {"type": "integer", "minimum": 1, "maximum": 5},
    "good": {"type": "boolean"}}, "required": ["title", "stars"]})";

std::shared_ptr<const Constraint> json() {
  static const auto constraint = Constraint::json_schema(kSchema, tiny().tokenizer());
  return constraint;
}

std::string written(const std::string& prompt, const GenerationOptions& options,
                    const DecodingOptions& decoding = {}) {
  std::ostringstream out;
  tiny().generate(prompt, options, out, decoding);
  return out.str();
}

void check_json(const std::string& text) {
  INFO(text);
  CHECK(json()->accepts(text));
  const auto value = Json::parse(text);
  CHECK(value.at("title").is_string());
  CHECK((value.at("stars") >= 1 && value["stars"] <= 5));
}

const std::vector<GenerationOptions> kKinds{
    {.temperature = 0},
    {},
    {.temperature = 2},
    {.top_k = 3, .top_n_sigma = 1},
    {.temperature = 0, .repetition_penalty = 1.5, .presence_penalty = 2},
    {.dry_multiplier = 2},
    {.epsilon = 0.05, .xtc_probability = 0.5},
    {.mirostat = 3}};

}  // namespace

TEST_CASE(
    "constraint: whatever chooses the tokens, and however many there are, the answer parses") {
  const auto shortest = json()->shortest();
  for (auto options : kKinds) {
    options.constraint = json();
    for (const auto more : {0, 1, 2, 3, 5, 8, 13, 60}) {
      options.max_new_tokens = shortest + more;
      ++options.seed;
      for (const auto* prompt : {"", "This movie is", "As JSON: "}) {
        check_json(written(prompt, options));
      }
    }
  }
}

TEST_CASE("constraint: guesses change nothing, and a draft model guesses what is allowed") {
  for (auto options : kKinds) {
    options.constraint = json();
    options.max_new_tokens = 40;
    const auto plain = written("This movie", options);
    check_json(plain);
    CHECK(written("This movie", options, {.prompt_lookup = 4}) == plain);
    CHECK(written("This movie", options, {.draft = tiny().source(), .draft_tokens = 5}) == plain);
  }
}

TEST_CASE("constraint: the model itself guesses every token of an answer") {
  const GenerationOptions options{.max_new_tokens = 40, .temperature = 0, .constraint = json()};
  std::ostringstream out;
  const auto generation =
      tiny().generate("This movie", options, out, {.draft = tiny().source(), .draft_tokens = 5});
  CHECK(generation.guessed > 5);
  CHECK(generation.accepted == generation.guessed);
}

TEST_CASE("constraint: searches, continuations, guidance and batches write what is allowed") {
  const GenerationOptions greedy{.max_new_tokens = 30, .temperature = 0, .constraint = json()};
  const GenerationOptions sampled{.max_new_tokens = 30, .batch_size = 2, .constraint = json()};
  const GenerationOptions contrastive{
      .max_new_tokens = 30, .temperature = 0, .top_k = 4, .constraint = json()};
  const Texts prompts{"This movie is", "", "A dull film with"};
  const auto negative = tiny().encode("", greedy);
  for (const auto& texts :
       {tiny().decode(prompts, greedy, {.continuations = 3, .num_beams = 4}),
        tiny().decode(
            prompts, greedy,
            {.continuations = 2, .num_beams = 4, .beam_groups = 2, .diversity_penalty = 1}),
        tiny().decode(prompts, contrastive, {.penalty_alpha = 0.6}),
        tiny().decode(prompts, sampled, {.continuations = 4}),
        tiny().decode(prompts, sampled, {.guidance = 2, .negative_prompt = negative}),
        tiny().decode(prompts, greedy, {})}) {
    REQUIRE(texts.size() == 3);
    for (const auto& continuations : texts) {
      CHECK_FALSE(continuations.empty());
      for (const auto& [text, generation] : continuations) {
        check_json(text);
        CHECK(std::ssize(generation.ids) <= 30);
      }
    }
  }
}

TEST_CASE("constraint: a beam search finds the most probable of the choices") {
  const Texts choices{" good", " a bad film", " not", " interesting", " the best"};
  const auto& tokenizer = tiny().tokenizer();
  const GenerationOptions options{.max_new_tokens = 12,
                                  .temperature = 0,
                                  .constraint = Constraint::choices(choices, tokenizer)};
  const auto found =
      tiny().decode({"This movie is"}, options, {.continuations = 5, .num_beams = 8}).front();
  CHECK(found.size() == choices.size());
  for (const auto& [text, generation] : found) {
    CHECK(std::ranges::find(choices, text) != choices.end());
    CHECK(generation.stop == StopReason::end_of_text);
  }
}

TEST_CASE("constraint: where nothing may follow the text ends, without another pass") {
  std::vector<std::size_t> counts;
  const TextGenerator model(test::counting(tiny().source(), counts), tiny().tokenizer());
  const GenerationOptions options{
      .max_new_tokens = 8, .constraint = Constraint::choices(Texts{" good"}, tiny().tokenizer())};
  std::ostringstream out;
  const auto generation = model.generate("This movie is", options, out);
  CHECK(out.str() == " good");
  CHECK(generation.ids.size() == counts.size());
  CHECK(generation.stop == StopReason::end_of_text);
}

TEST_CASE("constraint: a text may end where it is complete, if the model ends it there") {
  const auto letters = Constraint::regular_expression(" ?[a-z ]{1,200}", tiny().tokenizer());
  const auto eos = tiny().tokenizer().eos_id();
  const auto ids = tiny().encode("This movie is", {});
  const auto stop_ids = tiny().tokenizer().stop_ids();
  Sampler sampler({.temperature = 0, .logit_bias = {{eos, 100}}, .constraint = letters});
  std::vector<float> logits(static_cast<std::size_t>(tiny().config().vocab_size));
  auto tokens = ids;
  const auto next = [&] {
    std::ranges::fill(logits, 0.0F);
    tokens.push_back(
        sampler.next(logits, {.tokens = tokens, .prompt = ids.size(), .stop_ids = stop_ids}));
    return tokens.back();
  };
  CHECK(next() != eos);
  CHECK(next() == eos);
}

TEST_CASE("constraint: a chat answers within it, each turn") {
  const ChatTemplate format(ChatFormat{.kind = "plain",
                                       .start = "<s>",
                                       .system = {"System: ", " "},
                                       .user = {"User: ", " "},
                                       .assistant = {"Assistant: ", "</s>"},
                                       .answer = "Assistant: "});
  Chat chat(tiny(), format, {.max_new_tokens = 30, .constraint = json()});
  for (const auto* message : {"How is this movie ?", "Why ?", "And the actors ?"}) {
    std::ostringstream out;
    check_json(chat.reply(message, out).text);
  }
}

TEST_CASE("constraint: what else rules tokens out is obeyed, and an error where nothing is left") {
  const auto& tokenizer = tiny().tokenizer();
  const auto letters = Constraint::choices(Texts{" good", " bad"}, tokenizer);
  GenerationOptions options{.max_new_tokens = 8, .constraint = letters};
  options = with_words(options, {.banned_words = {" good"}}, tokenizer);
  for (options.seed = 0; options.seed < 5; ++options.seed) {
    const auto text = written("This movie is", options);
    CHECK((text == " bad" || text == " good"));  // spelled otherwise
  }
  const Ids all = [] {
    Ids ids(static_cast<std::size_t>(tiny().tokenizer().vocab_size()));
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int64_t>(i);
    return ids;
  }();
  for (const auto id : all) options.banned.push_back({id});
  CHECK_THAT(option_error([&] { written("This movie is", options); }),
             contains("the options rule out every token"));
}

TEST_CASE("constraint: what makes no sense beside it is refused") {
  const auto error = [](GenerationOptions options) {
    options.constraint = json();
    return option_error([&] { options.validate(); });
  };
  CHECK_THAT(error({.stop_at_end = false}), contains("does not go with stop_at_end = false"));
  CHECK(error({.min_new_tokens = 3}) ==
        "min-new-tokens is 3, must be 0 beside a constraint, which says where a text ends");
  const auto shortest = json()->shortest();
  CHECK(shortest > 10);
  CHECK(error({.max_new_tokens = shortest - 1}) ==
        fmt::format("max-new-tokens is {}, must be at least {}, as the shortest text that the "
                    "constraint allows has",
                    shortest - 1, shortest));
  // The context has room for a few tokens more than the prompt.
  std::string prompt;
  while (std::ssize(tiny().encode(prompt + " a", {})) + 3 <= tiny().config().max_seq_len) {
    prompt += " a";
  }
  CHECK_THAT(option_error([&] { written(prompt, {.constraint = json()}); }),
             contains("which leaves room for 4 in the model's context; the shortest text that the "
                      "constraint allows has"));
  Scheduler scheduler(tiny().source(), {}, {.capacity = 10});
  scheduler.submit({.prompt = tiny().encode("This movie is", {}),
                    .options = {.constraint = json()},
                    .stop_ids = tiny().tokenizer().stop_ids()},
                   {});
  CHECK_THAT(option_error([&] { scheduler.step(); }), contains("there is room for "));
  const auto toy = test::toy_tokenizer({"a", "b"});
  const auto ab = Constraint::regular_expression("[ab]+", toy);
  const test::ToyModel model{.vocabulary = toy.vocab_size()};
  const Ids ids{0};
  CHECK(option_error([&] { generate(model.source(), ids, {.constraint = ab}, {}); }) ==
        "a constraint needs a token that ends a text, and the model has none");
  CHECK_THAT(option_error([&] { generate(model.source(), ids, {.constraint = json()}, ids); }),
             contains("the vocabulary of the constraint is"));
}

TEST_CASE(
    "constraint: the texts of a small vocabulary that are written are those of its language") {
  const auto toy = test::toy_tokenizer({"a", "b", "ab", "ba", "aab"});
  const auto constraint = Constraint::regular_expression("(ab|ba){2,5}a?", toy);
  const Ids stop_ids = toy.stop_ids();
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const test::ToyModel model{.seed = seed, .vocabulary = toy.vocab_size()};
    const GenerationOptions options{.max_new_tokens = 2 + static_cast<std::int64_t>(seed % 8),
                                    .temperature = 1.5,
                                    .constraint = constraint};
    const auto generation = generate(model.source(), Ids{0}, options, stop_ids);
    CHECK(constraint->accepts(toy.decode(generation.ids)));
  }
}
