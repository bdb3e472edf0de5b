#include <algorithm>
#include <cmath>

#include "minillama/checkpoint/checkpoint.h"
#include "minillama/core/json.h"
#include "minillama/generate/decode.h"

#include "support/catch.h"
#include "support/counting_decoder.h"
#include "support/files.h"
#include "support/toy_model.h"

using namespace minillama;
using test::Ids;

namespace {

const test::ToyModel kToy{.seed = 1, .vocabulary = 4};
const GenerationOptions kGreedy{.max_new_tokens = 5, .temperature = 0};

std::vector<Generation> search(const DecoderSource& model, const Ids& prompt,
                               const GenerationOptions& options, const DecodingOptions& decoding,
                               const Ids& stop_ids) {
  return decode(model, {prompt}, options, decoding, stop_ids).front();
}

struct Text {
  Ids ids;
  double score;
};

/// All texts behind `tokens`, whose log-probability so far is `sum`; token 0 ends one.
void all_texts(const test::ToyModel& model, const Ids& tokens, std::size_t prompt, double sum,
               double length_penalty, std::vector<Text>& texts) {
  const auto logits = model.logits(tokens);
  double total = 0;
  for (const float logit : logits) total += std::exp(double{logit});
  for (std::size_t token = 0; token < logits.size(); ++token) {
    const double here = sum + double{logits[token]} - std::log(total);
    auto longer = tokens;
    longer.push_back(static_cast<std::int64_t>(token));
    const std::size_t length = longer.size() - prompt;
    if (token > 0 && length < static_cast<std::size_t>(kGreedy.max_new_tokens)) {
      all_texts(model, longer, prompt, here, length_penalty, texts);
      continue;
    }
    Ids ids(longer.begin() + std::ptrdiff_t(prompt), longer.end());
    if (token == 0) ids.pop_back();
    texts.push_back({std::move(ids), here / std::pow(double(length), length_penalty)});
  }
}

}  // namespace

TEST_CASE("beam search: with room for all texts it finds the best of them all") {
  const Ids prompt{2, 1};
  for (const double length_penalty : {-1.0, 0.0, 0.7, 1.0, 2.0}) {
    std::vector<Text> texts;
    all_texts(kToy, prompt, prompt.size(), 0, length_penalty, texts);
    REQUIRE(texts.size() == 1 + 3 + 9 + 27 + 81 * 4);
    std::ranges::stable_sort(texts, std::greater{}, &Text::score);
    const auto found =
        search(kToy.source(), prompt, kGreedy,
               {.continuations = 400, .num_beams = 400, .length_penalty = length_penalty}, {0});
    REQUIRE(found.size() == texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      CHECK(found[i].ids == texts[i].ids);
      CHECK_THAT(found[i].score, Catch::Matchers::WithinAbs(texts[i].score, 1e-5));
    }
  }
}

TEST_CASE("beam search: it finds what transformers finds, and diverse groups what they should") {
  const auto model = decoder_source(std::make_shared<const Weights>(
      Checkpoint::open(test::repository_file("checkpoints/reviews")).language_model()));
  const auto path = test::repository_file("tests/reference/beam_search.json");
  const auto cases = parse_json(test::read_text(path), path);
  REQUIRE(cases.size() == 33);
  std::size_t ends = 0;
  for (const auto& one : cases) {
    INFO(one.dump());
    const auto early = one.value("early_stopping", Json(false));
    const std::int64_t beams = one.at("num_beams");
    const DecodingOptions decoding{.continuations = beams,
                                   .num_beams = beams,
                                   .length_penalty = one.value("length_penalty", 1.0),
                                   .early_stopping = early == "never" ? EarlyStopping::never
                                                     : early == true  ? EarlyStopping::always
                                                                      : EarlyStopping::heuristic,
                                   .beam_groups = one.value("num_beam_groups", std::int64_t{1}),
                                   .diversity_penalty = one.value("diversity_penalty", 0.0)};
    const GenerationOptions options{.max_new_tokens = one.at("max_new_tokens"), .temperature = 0};
    const auto found =
        search(model, one.at("prompt").get<Ids>(), options, decoding, one.at("stops").get<Ids>());
    const auto texts = one.at("texts").get<std::vector<Ids>>();
    const auto scores = one.at("scores").get<std::vector<double>>();
    REQUIRE(found.size() == texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      CHECK(found[i].ids == texts[i]);
      CHECK_THAT(found[i].score,
                 Catch::Matchers::WithinAbs(scores[i], 1e-5 * std::max(1.0, std::abs(scores[i]))));
      ends += found[i].stop == StopReason::end_of_text;
    }
  }
  CHECK(ends > 20);
}

TEST_CASE("beam search: one beam takes the most probable tokens") {
  for (std::int64_t first = 0; first < 4; ++first) {
    auto options = kGreedy;
    options.max_new_tokens = 20;
    const auto greedy = generate(kToy.source(), Ids{first}, options, Ids{0});
    const auto found = search(kToy.source(), {first}, options, {.num_beams = 1}, {0});
    REQUIRE(found.size() == 1);
    CHECK(found[0].ids == greedy.ids);
    CHECK(found[0].stop == greedy.stop);
  }
}

TEST_CASE("beam search: prompts together become what each becomes alone, the prompt read once") {
  std::vector<std::size_t> counts;
  const auto counted = test::counting(kToy.source(), counts);
  const DecodingOptions decoding{.continuations = 3, .num_beams = 3};
  const Prompts prompts{{1}, {2, 3, 1}, {3, 3, 3, 3}};
  const auto all = decode(counted, prompts, kGreedy, decoding, Ids{});
  CHECK(counts == std::vector<std::size_t>{1, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 3, 3, 3, 3});
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const auto alone = search(kToy.source(), prompts[i], kGreedy, decoding, {});
    REQUIRE(all[i].size() == 3);
    for (std::size_t k = 0; k < 3; ++k) {
      CHECK(all[i][k].ids == alone[k].ids);
      CHECK(all[i][k].score == alone[k].score);
    }
  }
}

TEST_CASE("beam search: each beam has a history of its own, and the options' vocabulary") {
  auto options = kGreedy;
  options.max_new_tokens = 6;
  options.no_repeat_ngram = 2;
  options.banned = {{3, 1}};
  options.min_new_tokens = 4;
  options.vocabulary = 7;
  const test::ToyModel model{.seed = 2, .vocabulary = 8};
  const auto found =
      search(model.source(), {1}, options, {.continuations = 4, .num_beams = 4}, {0});
  REQUIRE(found.size() == 4);
  for (const auto& text : found) {
    CHECK(text.ids.size() >= 4);
    Ids tokens{1};
    tokens.insert(tokens.end(), text.ids.begin(), text.ids.end());
    for (std::size_t i = 2; i < tokens.size(); ++i) {
      CHECK(tokens[i] < 7);
      for (std::size_t k = 1; k < i; ++k) {
        CHECK_FALSE((tokens[k - 1] == tokens[i - 1] && tokens[k] == tokens[i]));
      }
    }
  }
}

TEST_CASE("beam search: texts end where the context does; one of no tokens ends at once") {
  auto options = kGreedy;
  options.max_new_tokens = 100;
  const auto full = search(kToy.source(), Ids(60, 1), options, {.num_beams = 2}, {});
  CHECK(full[0].ids.size() == 5);  // the last one is predicted and not read
  CHECK(full[0].stop == StopReason::context_full);
  options.max_new_tokens = 0;
  const auto none = search(kToy.source(), {1}, options, {.num_beams = 2}, {});
  REQUIRE(none.size() == 1);
  CHECK(none[0].ids.empty());
}
