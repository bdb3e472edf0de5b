// How the steps of sampling go together. What each computes: sampling_reference_test.cpp.

#include "minillama/generate/sampling_steps.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "minillama/generate/filters.h"
#include "minillama/generate/sampler.h"
#include "minillama/generate/typical.h"

#include "support/catch.h"
#include "support/option_error.h"

using namespace minillama;
using test::option_error;

namespace {

using Floats = std::vector<float>;
using Ids = std::vector<std::int64_t>;

constexpr double kNever = -std::numeric_limits<double>::infinity();

const GenerationOptions kEverything{.temperature = 0.7,
                                    .top_k = 40,
                                    .top_p = 0.9,
                                    .min_p = 0.01,
                                    .typical_p = 0.95,
                                    .epsilon = 0.001,
                                    .eta = 0.002,
                                    .top_n_sigma = 1.5,
                                    .xtc_probability = 0.5,
                                    .repetition_penalty = 1.1,
                                    .presence_penalty = 0.2,
                                    .frequency_penalty = 0.1,
                                    .dry_multiplier = 0.8,
                                    .no_repeat_ngram = 3,
                                    .logit_bias = {{3, -1}},
                                    .banned = {{4}, {5, 6}},
                                    .min_new_tokens = 2};

Floats random_logits(std::mt19937_64& random, std::size_t n) {
  std::normal_distribution<float> normal(0, 3);
  Floats logits(n);
  for (auto& x : logits) x = normal(random);
  return logits;
}

/// A number as the sampler draws it.
double draw(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11) * 0x1.0p-53;
}

/// The penalties of DRY, by looking back from every place.
std::map<std::int64_t, double> slow_dry(const Ids& tokens, const GenerationOptions& options) {
  const auto is_breaker = [&](std::int64_t id) {
    return std::ranges::find(options.dry_breakers, id) != options.dry_breakers.end();
  };
  std::map<std::int64_t, double> penalties;
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    std::size_t n = 0;
    while (n <= i && tokens[i - n] == tokens[tokens.size() - 1 - n] && !is_breaker(tokens[i - n])) {
      ++n;
    }
    if (std::cmp_less(n, options.dry_allowed_length) || is_breaker(tokens[i + 1])) continue;
    const double penalty =
        options.dry_multiplier *
        std::pow(options.dry_base, double(n) - double(options.dry_allowed_length));
    penalties[tokens[i + 1]] = std::max(penalties[tokens[i + 1]], penalty);
  }
  return penalties;
}

}  // namespace

TEST_CASE("sampling: the order is this one, and those that are asked for are told with settings") {
  CHECK(sampling_steps() ==
        std::vector<std::string>{"logit-bias", "repetition-penalty",
                                 "presence-penalty and frequency-penalty", "dry-multiplier",
                                 "no-repeat-ngram", "ban", "min-new-tokens", "constraint",
                                 "top-n-sigma", "temp", "top-k", "top-p", "min-p", "typical-p",
                                 "epsilon", "eta", "xtc-probability", "mirostat"});
  CHECK(sampling_steps(kEverything) ==
        std::vector<std::string>{"logit-bias of 1 tokens", "repetition-penalty 1.1",
                                 "presence-penalty and frequency-penalty 0.2 and 0.1",
                                 "dry-multiplier 0.8 (base 1.75, allowed length 2)",
                                 "no-repeat-ngram 3", "ban of 2 sequences of tokens",
                                 "min-new-tokens 2", "top-n-sigma 1.5", "temp 0.7", "top-k 40",
                                 "top-p 0.9", "min-p 0.01", "typical-p 0.95", "epsilon 0.001",
                                 "eta 0.002", "xtc-probability 0.5 (threshold 0.1)"});
  CHECK(sampling_steps({.temperature = 0, .top_k = 3, .repetition_penalty = 2}) ==
        std::vector<std::string>{"repetition-penalty 2", "temp 0"});
  CHECK(sampling_steps({.mirostat = 4}) ==
        std::vector<std::string>{"temp 0.8", "mirostat 4 (rate 0.1)"});
}

TEST_CASE("sampling: a token is what the steps make of the logits, one after the other") {
  std::mt19937_64 random(1), expected_random(7);
  const GenerationOptions options{
      .temperature = 0.9, .top_k = 30, .top_p = 0.9, .min_p = 0.02, .epsilon = 0.01, .seed = 7};
  Sampler sampler(options);
  for (int round = 0; round < 200; ++round) {
    auto logits = random_logits(random, 100);
    auto p = logits;
    softmax(p, 0.9);
    keep_top_k(p, 30);
    keep_top_p(p, 0.9);
    keep_min_p(p, 0.02);
    keep_epsilon(p, 0.01);
    CHECK(sampler.next(logits) == pick(p, draw(expected_random)));
  }
}

TEST_CASE("sampling: xtc draws one number a token, and drops the top choices as often as asked") {
  constexpr int kRounds = 2000;
  const Floats logits{std::log(0.5F), std::log(0.3F), std::log(0.15F), std::log(0.05F)};
  std::mt19937_64 expected_random(7);
  Sampler sampler({.temperature = 1, .xtc_probability = 0.25, .xtc_threshold = 0.12, .seed = 7});
  int dropped = 0;
  for (int round = 0; round < kRounds; ++round) {
    Floats p{0.5F, 0.3F, 0.15F, 0.05F};
    if (draw(expected_random) < 0.25) {
      p = {0, 0, 0.75F, 0.25F};
      ++dropped;
    }
    auto copy = logits;
    CHECK(sampler.next(copy) == pick(p, draw(expected_random)));
  }
  CHECK(dropped == Approx(kRounds / 4).margin(100));

  // Of equally probable ones that with the highest id stays; one alone is no choice to exclude.
  const auto filter = make_filters({.xtc_probability = 1, .xtc_threshold = 0.25})[0]->clone();
  Floats p{0.5F, 0.25F, 0.25F, 0};
  filter->apply(p, expected_random);
  CHECK(p == Floats{0, 0, 1, 0});
  p = {0.2F, 0.6F, 0.2F};
  filter->apply(p, expected_random);
  CHECK(p == Floats{0.2F, 0.6F, 0.2F});
}

TEST_CASE("sampling: typical keeps the smallest set of the most typical tokens") {
  std::mt19937_64 random(3);
  for (int round = 0; round < 300; ++round) {
    auto before = random_logits(random, 1 + random() % 60);
    softmax(before, 1);
    const double mass = static_cast<double>(1 + random() % 99) / 100;
    auto after = before;
    keep_typical(after, mass);
    double entropy = 0, kept = 0, least_typical = 0, farthest = 0;
    for (const float p : before) entropy -= p > 0 ? p * std::log(double(p)) : 0;
    const auto deviation = [&](float p) { return std::abs(-std::log(double(p)) - entropy); };
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (after[i] == 0) continue;
      kept += before[i];
      if (deviation(before[i]) >= farthest) {
        farthest = deviation(before[i]);
        least_typical = before[i];
      }
    }
    CHECK(kept >= mass - 1e-6);
    CHECK(kept - least_typical < mass + 1e-6);
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (after[i] == 0 && before[i] > 0) CHECK(deviation(before[i]) >= farthest - 1e-6);
    }
    CHECK(std::accumulate(after.begin(), after.end(), 0.0) == Approx(1));
  }
  // Of equal ones those with the lower ids; without a mass to reach, all.
  Floats equal(8, 0.125F);
  keep_typical(equal, 0.25);
  CHECK(equal == Floats{0.5F, 0.5F, 0, 0, 0, 0, 0, 0});
  Floats all{0.5F, 0.25F, 0.25F, 0};
  keep_typical(all, 1);
  CHECK(all == Floats{0.5F, 0.25F, 0.25F, 0});
}

TEST_CASE("sampling: DRY finds in one pass what looking back from every place does") {
  std::mt19937_64 random(5);
  std::size_t n_penalties = 0;
  for (int round = 0; round < 2000; ++round) {
    GenerationOptions options{.dry_multiplier = 0.5, .dry_base = 1.3};
    options.dry_allowed_length = std::int64_t(1 + random() % 4);
    if (round % 2 == 0) options.dry_breakers = {0};
    const std::size_t alphabet = 1 + random() % 5;
    Ids tokens(random() % 60);
    for (auto& id : tokens) id = std::int64_t(random() % alphabet);
    Floats logits(alphabet, 0);
    make_processors(options)[0]->apply(logits, {.tokens = tokens});
    auto expected = slow_dry(tokens, options);
    n_penalties += expected.size();
    for (std::size_t id = 0; id < alphabet; ++id) {
      CHECK(logits[id] == Approx(-expected[std::int64_t(id)]).epsilon(1e-6));
    }
  }
  CHECK(n_penalties > 1000);
  // So long a repetition that its penalty is no float.
  Floats logits{0, 1};
  make_processors({.dry_multiplier = 1})[0]->apply(logits, {.tokens = Ids(1000, 0)});
  CHECK(logits[0] == -std::numeric_limits<float>::max());
  CHECK(logits[1] == 1);
}

TEST_CASE("sampling: what was written counts for penalties of counts, the prompt does not") {
  const Ids tokens{3, 1, 3, 3, 2, 9};  // 9 is beyond the vocabulary
  Floats logits(4, 1);
  make_processors({.presence_penalty = 1, .frequency_penalty = 0.5})[0]->apply(
      logits, {.tokens = tokens, .prompt = 2});
  CHECK(logits == Floats{1, 1, -0.5F, -1});
}

TEST_CASE("sampling: ids beyond the vocabulary to choose from change nothing") {
  const Ids tokens{8, 9, 8};
  for (const GenerationOptions& options :
       {GenerationOptions{.repetition_penalty = 2}, GenerationOptions{.presence_penalty = 1},
        GenerationOptions{.dry_multiplier = 1, .dry_allowed_length = 1},
        GenerationOptions{.no_repeat_ngram = 2}, GenerationOptions{.logit_bias = {{9, 5}}},
        GenerationOptions{.banned = {{9}, {8, 7}}}, GenerationOptions{.min_new_tokens = 5}}) {
    const auto processors = make_processors(options);
    REQUIRE(processors.size() == 1);
    Floats logits{1, 2, 3};
    processors[0]->apply(logits, {.tokens = tokens, .stop_ids = tokens});
    CHECK(logits == Floats{1, 2, 3});
  }
}

TEST_CASE("sampling: options that leave no token are an error, not a draw") {
  for (const double temperature : {0.0, 1.0}) {
    Sampler sampler({.temperature = temperature, .logit_bias = {{0, kNever}, {1, kNever}}});
    Floats logits{1, 2};
    CHECK_THAT(option_error([&] { sampler.next(logits); }), contains("rule out every token"));
    Floats more{1, 2, -50};
    CHECK(sampler.next(more) == 2);
  }
  Sampler sigma({.temperature = 1, .top_n_sigma = 0.1, .logit_bias = {{0, kNever}}});
  Floats logits{1, 2, 3};
  CHECK(sigma.next(logits) == 2);
}

TEST_CASE("sampling: broken weights are noticed behind every processor") {
  for (const float broken : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    auto options = kEverything;
    options.min_new_tokens = 0;
    Sampler sampler(options);
    Floats logits{1, broken, 2, 0, 0, 0, 0};
    CHECK_THROWS_WITH(sampler.next(logits), contains("not finite"));
  }
}

TEST_CASE("sampling: options that cannot be used are refused by name and value") {
  const auto refused = [](const GenerationOptions& options) {
    return option_error([&] { options.validate(); });
  };
  CHECK_THAT(refused({.typical_p = 0}), contains("typical-p is 0"));
  CHECK_THAT(refused({.eta = 1.5}), contains("eta is 1.5"));
  CHECK_THAT(refused({.top_n_sigma = -1}), contains("top-n-sigma is -1"));
  CHECK_THAT(refused({.xtc_probability = 2}), contains("xtc-probability is 2"));
  CHECK_THAT(refused({.xtc_threshold = 0.6}), contains("xtc-threshold is 0.6"));
  CHECK_THAT(refused({.mirostat = std::nan("")}), contains("mirostat is nan"));
  CHECK_THAT(refused({.mirostat_rate = 0}), contains("mirostat-rate is 0"));
  CHECK_THAT(refused({.presence_penalty = INFINITY}), contains("presence-penalty is inf"));
  CHECK_THAT(refused({.frequency_penalty = -2e6}), contains("frequency-penalty is -2000000"));
  CHECK_THAT(refused({.frequency_penalty = std::nan("")}), contains("frequency-penalty is nan"));
  CHECK_THAT(refused({.dry_multiplier = -1}), contains("dry-multiplier is -1"));
  CHECK_THAT(refused({.dry_base = 0.5}), contains("dry-base is 0.5"));
  CHECK_THAT(refused({.dry_allowed_length = 0}), contains("dry-allowed-length is 0"));
  CHECK_THAT(refused({.no_repeat_ngram = -2}), contains("no-repeat-ngram is -2"));
  CHECK_THAT(refused({.logit_bias = {{5, INFINITY}}}), contains("token 5 is inf"));
  CHECK_THAT(refused({.logit_bias = {{5, 1e300}}}), contains("token 5 is 1e+300"));
  CHECK_THAT(refused({.banned = {{1}, {}}}), contains("banned sequence is 0"));
  CHECK_THAT(refused({.min_new_tokens = -1}), contains("min-new-tokens is -1"));
  CHECK_THAT(refused({.max_new_tokens = 5, .min_new_tokens = 6}),
             contains("min-new-tokens is 6, must be at most max-new-tokens, 5"));

  for (const auto& [name, options] : std::map<std::string, GenerationOptions>{
           {"top-k is 5", {.top_k = 5}},
           {"top-p is 0.5", {.top_p = 0.5}},
           {"min-p is 0.5", {.min_p = 0.5}},
           {"typical-p is 0.5", {.typical_p = 0.5}},
           {"epsilon is 0.5", {.epsilon = 0.5}},
           {"eta is 0.5", {.eta = 0.5}},
           {"top-n-sigma is 1", {.top_n_sigma = 1}},
           {"xtc-probability is 0.5", {.xtc_probability = 0.5}}}) {
    auto with_mirostat = options;
    with_mirostat.mirostat = 5;
    CHECK(refused(options) == "accepted");
    CHECK_THAT(refused(with_mirostat), contains(name));
    CHECK_THAT(refused(with_mirostat), contains("beside mirostat"));
  }
}
