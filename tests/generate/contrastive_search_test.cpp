#include <algorithm>
#include <cmath>
#include <limits>

#include "minillama/checkpoint/checkpoint.h"
#include "minillama/core/json.h"
#include "minillama/generate/decode.h"

#include "support/catch.h"
#include "support/counting_decoder.h"
#include "support/files.h"
#include "support/option_error.h"
#include "support/toy_model.h"

using namespace minillama;
using test::Ids;
using test::option_error;

namespace {

const test::ToyModel kToy{.seed = 3, .vocabulary = 9};
const GenerationOptions kThree{.max_new_tokens = 20, .temperature = 0, .top_k = 3};

Generation search(const DecoderSource& model, const Ids& prompt, const GenerationOptions& options,
                  double alpha, const Ids& stop_ids = {},
                  const std::function<bool(std::int64_t)>& on_token = {}) {
  return decode(model, {prompt}, options, {.penalty_alpha = alpha}, stop_ids, on_token)
      .front()
      .front();
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += double{a[i]} * b[i];
    aa += double{a[i]} * a[i];
    bb += double{b[i]} * b[i];
  }
  return ab / std::sqrt(aa * bb);
}

/// The token that the definition takes.
std::int64_t defined(const test::ToyModel& model, const Ids& tokens, std::size_t k, double alpha) {
  const auto logits = model.logits(tokens);
  double total = 0;
  for (const float logit : logits) total += std::exp(double{logit});
  std::int64_t best = -1;
  double best_score = -std::numeric_limits<double>::infinity();
  for (std::size_t token = 0; token < logits.size(); ++token) {
    const auto better = std::ranges::count_if(logits, [&](float x) { return x > logits[token]; });
    if (static_cast<std::size_t>(better) >= k) continue;
    auto longer = tokens;
    longer.push_back(static_cast<std::int64_t>(token));
    double likeness = -1;
    for (std::size_t n = 1; n <= tokens.size(); ++n) {
      const Ids before(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(n));
      likeness = std::max(likeness, cosine(model.state(before), model.state(longer)));
    }
    const double score = (1 - alpha) * std::exp(double{logits[token]}) / total - alpha * likeness;
    if (score > best_score) best = static_cast<std::int64_t>(token), best_score = score;
  }
  return best;
}

}  // namespace

TEST_CASE("contrastive search: it takes the tokens of its definition") {
  for (const double alpha : {0.1, 0.6, 1.0}) {
    for (const Ids& prompt : {Ids{1}, Ids{2, 0, 5, 5}}) {
      auto tokens = prompt;
      for (int i = 0; i < 20; ++i) tokens.push_back(defined(kToy, tokens, 3, alpha));
      const auto found = search(kToy.source(), prompt, kThree, alpha);
      CHECK(found.ids == Ids(tokens.begin() + std::ssize(prompt), tokens.end()));
      CHECK(found.stop == StopReason::max_new_tokens);
    }
  }
}

TEST_CASE("contrastive search: a real model's texts are those of the definition in Python") {
  const auto model = decoder_source(std::make_shared<const Weights>(
      Checkpoint::open(test::repository_file("checkpoints/reviews")).language_model()));
  const auto path = test::repository_file("tests/reference/contrastive_search.json");
  const auto cases = parse_json(test::read_text(path), path);
  REQUIRE(cases.size() == 15);
  std::size_t ends = 0;
  for (const auto& one : cases) {
    INFO(one.dump());
    const GenerationOptions options{.max_new_tokens = 24, .temperature = 0, .top_k = one.at("k")};
    const auto found = search(model, one.at("prompt").get<Ids>(), options, one.at("alpha"),
                              one.at("stops").get<Ids>());
    CHECK(found.ids == one.at("ids").get<Ids>());
    ends += found.stop == StopReason::end_of_text;
  }
  CHECK(ends > 0);
}

TEST_CASE("contrastive search: one candidate is the most probable token") {
  auto options = kThree;
  options.top_k = 1;
  const auto greedy = generate(kToy.source(), Ids{4}, options, Ids{0});
  const auto found = search(kToy.source(), {4}, options, 0.6, {0});
  CHECK(found.ids == greedy.ids);
  CHECK(found.stop == greedy.stop);
}

TEST_CASE("contrastive search: candidates go through the model side by side, the prompt once") {
  std::vector<std::size_t> counts;
  auto options = kThree;
  options.max_new_tokens = 4;
  search(test::counting(kToy.source(), counts), {1, 2, 3, 4, 5}, options, 0.6);
  CHECK(counts == std::vector<std::size_t>{4, 1, 3, 3, 3, 3});
}

TEST_CASE("contrastive search: processors rule tokens out, and few are left to choose from") {
  auto options = kThree;
  options.top_k = 1000;
  options.no_repeat_ngram = 1;
  options.vocabulary = 7;
  options.max_new_tokens = 6;
  const auto found = search(kToy.source(), {6}, options, 0.6);
  auto ids = found.ids;
  std::ranges::sort(ids);
  CHECK(ids == Ids{0, 1, 2, 3, 4, 5});
}

TEST_CASE("contrastive search: it ends with the context, at once, or when it is told to") {
  auto options = kThree;
  options.max_new_tokens = 100;
  const auto full = search(kToy.source(), Ids(60, 1), options, 0.6);
  CHECK(full.ids.size() == 4);
  CHECK(full.stop == StopReason::context_full);
  CHECK(search(kToy.source(), Ids(64, 1), options, 0.6).ids.empty());
  options.max_new_tokens = 0;
  CHECK(search(kToy.source(), {1}, options, 0.6).ids.empty());
  options.max_new_tokens = 20;
  Ids seen;
  const auto told = search(kToy.source(), {1}, options, 0.6, {}, [&](std::int64_t token) {
    seen.push_back(token);
    return seen.size() < 3;
  });
  CHECK(told.ids == seen);
  CHECK(seen.size() == 3);
  CHECK(told.stop == StopReason::callback);
}

TEST_CASE("contrastive search: guidance changes the logits, prompts do not change each other") {
  const DecodingOptions guided{.penalty_alpha = 0.4, .guidance = 2, .negative_prompt = {3, 3, 3}};
  const Prompts prompts{{1}, {2, 3, 1}};
  const auto together = decode(kToy.source(), prompts, kThree, guided, Ids{});
  for (std::size_t i = 0; i < 2; ++i) {
    const auto alone = decode(kToy.source(), {prompts[i]}, kThree, guided, Ids{});
    CHECK(together[i][0].ids == alone[0][0].ids);
    CHECK(alone[0][0].ids != search(kToy.source(), prompts[i], kThree, 0.4).ids);
  }
}

TEST_CASE("contrastive search: what makes no sense is refused") {
  const auto error = [](const GenerationOptions& options, const DecodingOptions& decoding,
                        AttentionKind attention = AttentionKind::causal) {
    auto source = kToy.source();
    source.config.attention = attention;
    return option_error([&] { decode(source, {{1}}, options, decoding, Ids{}); });
  };
  CHECK(error(kThree, {.penalty_alpha = 1.5}) == "penalty-alpha is 1.5, must lie in [0, 1]");
  CHECK(error({.temperature = 0.5, .top_k = 3}, {.penalty_alpha = 0.5}) ==
        "contrastive search draws nothing: temperature is 0.5, must be 0");
  CHECK(error({.temperature = 0}, {.penalty_alpha = 0.5}) ==
        "top-k is 0, must lie between 1 and 1024: among so many tokens contrastive search chooses");
  CHECK(error(kThree, {.continuations = 2, .penalty_alpha = 0.5}) ==
        "continuations is 2, must be 1: contrastive search finds one text");
  CHECK(error(kThree, {.num_beams = 2, .penalty_alpha = 0.5}) ==
        "beam search does not go with contrastive search: each chooses the tokens in its own way");
  CHECK(error(kThree, {.penalty_alpha = 0.5}, AttentionKind::full)
            .starts_with("contrastive search needs"));
}
