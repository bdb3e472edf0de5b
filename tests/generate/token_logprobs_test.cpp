#include "minillama/generate/token_logprobs.h"

#include <algorithm>
#include <cmath>

#include "minillama/generate/decode.h"

#include "support/catch.h"
#include "support/option_error.h"
#include "support/toy_model.h"

using namespace minillama;
using test::Ids;

namespace {

const test::ToyModel kToy{.seed = 5, .vocabulary = 9, .deviation = 2};

double log_probability(const std::vector<float>& logits, std::size_t token) {
  double total = 0;
  for (const float logit : logits) total += std::exp(double{logit});
  return double{logits[token]} - std::log(total);
}

/// That all of a text's log-probabilities are the model's, over the first `vocabulary` tokens.
void check_logprobs(Ids tokens, const Generation& generation, std::size_t vocabulary,
                    std::size_t top) {
  REQUIRE(generation.logprobs.size() == generation.ids.size());
  for (std::size_t i = 0; i < generation.ids.size(); ++i) {
    auto logits = kToy.logits(tokens);
    logits.resize(vocabulary);
    const auto chosen = static_cast<std::size_t>(generation.ids[i]);
    CHECK_THAT(generation.logprobs[i].logprob,
               Catch::Matchers::WithinAbs(log_probability(logits, chosen), 1e-6));
    REQUIRE(generation.logprobs[i].top.size() == std::min(top, vocabulary));
    for (const auto& [token, logprob] : generation.logprobs[i].top) {
      const auto id = static_cast<std::size_t>(token);
      CHECK_THAT(logprob, Catch::Matchers::WithinAbs(log_probability(logits, id), 1e-6));
    }
    CHECK(
        std::ranges::is_sorted(generation.logprobs[i].top, std::greater{}, &TokenLogprob::logprob));
    if (top > 0) {
      CHECK(generation.logprobs[i].top[0].token ==
            std::ranges::max_element(logits) - logits.begin());
    }
    tokens.push_back(generation.ids[i]);
  }
}

}  // namespace

TEST_CASE("token log-probabilities: of equal ones the first token comes first") {
  const std::vector<float> logits{1, 3, 3, 2};
  const auto found = token_logprobs(logits, 0, 3);
  CHECK_THAT(found.logprob, Catch::Matchers::WithinAbs(log_probability(logits, 0), 1e-7));
  Ids top;
  for (const auto& one : found.top) top.push_back(one.token);
  CHECK(top == Ids{1, 2, 3});
  CHECK(token_logprobs(logits, 0, 9).top.size() == 4);
}

TEST_CASE("token log-probabilities: they are the model's, whatever chose the tokens") {
  GenerationOptions options{.max_new_tokens = 20,
                            .temperature = 1.5,
                            .top_k = 4,
                            .repetition_penalty = 1.4,
                            .logit_bias = {{2, 3.0}},
                            .logprobs = 3};
  for (const std::int64_t vocabulary : {0, 7}) {
    options.vocabulary = vocabulary;
    const auto generation = generate(kToy.source(), Ids{1}, options, {});
    check_logprobs({1}, generation, vocabulary == 0 ? 9 : 7, 3);
    auto without = options;
    without.logprobs.reset();
    const auto plain = generate(kToy.source(), Ids{1}, without, {});
    CHECK(plain.ids == generation.ids);
    CHECK(plain.logprobs.empty());
  }
}

TEST_CASE(
    "token log-probabilities: guesses, several texts, none of the most probable, and an end") {
  GenerationOptions options{.max_new_tokens = 20, .temperature = 0, .logprobs = 0};
  const auto looked_up =
      decode(kToy.source(), {{1, 2, 1, 2, 1}}, options, {.prompt_lookup = 4}, Ids{});
  check_logprobs({1, 2, 1, 2, 1}, looked_up[0][0], 9, 0);
  options.temperature = 1;
  options.logprobs = 1000;
  const auto several = decode(kToy.source(), {{1}}, options, {.continuations = 3}, Ids{4});
  for (const auto& one : several[0]) check_logprobs({1}, one, 9, 1000);
}

TEST_CASE("token log-probabilities: what makes no sense is refused") {
  const auto error = [](const GenerationOptions& options, const DecodingOptions& decoding) {
    return test::option_error([&] { decode(kToy.source(), {{1}}, options, decoding, Ids{}); });
  };
  CHECK(error({.logprobs = -1}, {}) == "logprobs is -1, must lie between 0 and 1024");
  CHECK(error({.temperature = 0, .logprobs = 1}, {.num_beams = 2}) ==
        "logprobs are those of samples: beam search has none");
  CHECK(error({.temperature = 0, .top_k = 2, .logprobs = 1}, {.penalty_alpha = 0.5}) ==
        "logprobs are those of samples: contrastive search has none");
}
