// Guesses change how many passes a text takes, and nothing else.

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

#include "minillama/checkpoint/checkpoint.h"
#include "minillama/generate/decode.h"
#include "minillama/generate/draft_model.h"
#include "minillama/generate/prompt_lookup.h"
#include "minillama/generate/sampler.h"

#include "support/catch.h"
#include "support/counting_decoder.h"
#include "support/files.h"
#include "support/option_error.h"
#include "support/toy_model.h"

using namespace minillama;
using test::Ids;

namespace {

const DecoderSource& checkpoint(const std::string& name) {
  static std::map<std::string, DecoderSource> sources;
  const auto found = sources.find(name);
  if (found != sources.end()) return found->second;
  auto weights = Checkpoint::open(test::repository_file("checkpoints/" + name)).language_model();
  const auto source = decoder_source(std::make_shared<const Weights>(std::move(weights)));
  return sources.emplace(name, source).first->second;
}

/// Ways to guess: from the text, with the right model, with one that is nearly right, with another.
std::vector<DecodingOptions> guessers(const DecoderSource& same, const DecoderSource& similar,
                                      const DecoderSource& other) {
  return {{.prompt_lookup = 1},
          {.prompt_lookup = 7},
          {.draft = same, .draft_tokens = 4},
          {.draft = similar, .draft_tokens = 1},
          {.draft = similar, .draft_tokens = 5},
          {.draft = other, .draft_tokens = 3}};
}

/// Every step of sampling, and what keeps something of the sequence twice.
const std::vector<GenerationOptions> kKinds{
    {.temperature = 0},
    {.top_k = 1},
    {},
    {.typical_p = 0.9, .xtc_probability = 0.5},
    {.mirostat = 1},
    {.presence_penalty = 0.5, .frequency_penalty = 0.5},
    {.top_k = 3, .eta = 0.01, .top_n_sigma = 1.5},
    {.repetition_penalty = 1.3, .dry_multiplier = 0.8, .dry_breakers = {3}, .no_repeat_ngram = 4},
    {.logit_bias = {{2, 1}}, .banned = {{1}, {2, 3}}},
    {.top_p = 0.9, .min_p = 0.01, .epsilon = 0.001},
    {.temperature = 0, .repetition_penalty = 1.5, .min_new_tokens = 4}};

const test::ToyModel kToy{.seed = 1, .vocabulary = 6, .deviation = 1.5F};

/// The prompt's tokens, and those of a text that repeats itself.
Prompts toy_prompts() {
  return {{1}, {2, 3, 4, 2, 3, 4, 2, 3}, {5, 1, 5, 1, 5}, {0, 1, 2, 3, 4, 5, 0, 1}};
}

/// The statistic of two samples of a distribution over kinds, and its degrees of freedom.
template <typename Kind>
std::pair<double, std::size_t> chi_square(const std::map<Kind, std::pair<double, double>>& counts) {
  double sum = 0;
  std::size_t n = 0;
  std::pair<double, double> rare{0, 0};
  const auto add = [&](const std::pair<double, double>& both) {  // of samples of one size
    sum += (both.first - both.second) * (both.first - both.second) / (both.first + both.second);
    ++n;
  };
  for (const auto& [kind, both] : counts) {
    if (both.first + both.second >= 10) {
      add(both);
    } else {
      rare.first += both.first;
      rare.second += both.second;
    }
  }
  if (rare.first + rare.second >= 10) add(rare);
  return {sum, n - 1};
}

}  // namespace

TEST_CASE("speculative: the tokens are those of plain sampling, by every step and every guesser") {
  auto similar = kToy, other = kToy;
  similar.noise = 0.5;
  other.seed = 2;
  std::size_t right = 0, wrong = 0;
  for (const auto& decoding : guessers(kToy.source(), similar.source(), other.source())) {
    for (auto options : kKinds) {
      options.max_new_tokens = 30;
      options.seed = 5;
      options.batch_size = 3;
      const auto plain = decode(kToy.source(), toy_prompts(), options, {}, Ids{0});
      const auto found = decode(kToy.source(), toy_prompts(), options, decoding, Ids{0});
      for (std::size_t i = 0; i < plain.size(); ++i) {
        CHECK(found[i][0].ids == plain[i][0].ids);
        CHECK(found[i][0].stop == plain[i][0].stop);
        right += found[i][0].accepted;
        wrong += found[i][0].guessed - found[i][0].accepted;
        if (decoding.draft && decoding.draft_tokens == 4) {  // the model guesses for itself
          const bool ended = found[i][0].stop == StopReason::end_of_text;
          CHECK((ended || found[i][0].accepted == found[i][0].guessed));
        }
      }
    }
  }
  CHECK(right > 400);
  CHECK(wrong > 400);
}

TEST_CASE("speculative: an engine's tokens are bit for bit those of one at a time") {
  const auto& model = checkpoint("reviews");
  const Prompts prompts{{1, 507, 360, 299}, {1, 336, 946}, {1, 297, 393, 728, 328, 345, 4329}};
  for (const double temperature : {0.0, 0.9}) {
    GenerationOptions options{.max_new_tokens = 60, .temperature = temperature};
    const auto plain = generate_batch(model, prompts, options, Ids{2});
    for (const auto& decoding :
         {DecodingOptions{.prompt_lookup = 6},
          DecodingOptions{.draft = checkpoint("reviews-tiny"), .draft_tokens = 5}}) {
      for (const std::int64_t batch_size : {1, 3}) {
        options.batch_size = batch_size;
        const auto found = decode(model, prompts, options, decoding, Ids{2});
        for (std::size_t i = 0; i < prompts.size(); ++i) CHECK(found[i][0].ids == plain[i].ids);
        CHECK(found[0][0].guessed > 0);
        CHECK((temperature > 0 || found[0][0].accepted > 0));
      }
    }
  }
}

TEST_CASE("speculative: logits of tokens that are read together have the bits of one at a time") {
  for (const auto* name : {"reviews", "reviews-tiny"}) {
    const auto& model = checkpoint(name);
    const auto read = [&](std::size_t at_once) {
      Ids ids;
      for (std::int64_t i = 0; i < 120; ++i) ids.push_back(3 + i * i % 8000);
      const auto decoder = model.make({}, {.capacity = 120});
      std::vector<float> all;
      for (std::size_t i = 0; i < ids.size(); i += at_once) {
        const std::size_t n = std::min(at_once, ids.size() - i);
        const Continuation part{.ids = std::span(ids).subspan(i, n), .n_logits = n};
        decoder->append({&part, 1});
        const auto logits = decoder->logits(0);
        all.insert(all.end(), logits.begin(), logits.end());
      }
      return all;
    };
    const auto alone = read(1);
    for (const std::size_t at_once : {2, 3, 4, 5, 7, 9, 16, 120}) {
      INFO(name << ", " << at_once << " at a time");
      CHECK((read(at_once) == alone));
    }
  }
}

TEST_CASE("speculative: other seeds give the same distribution, by a chi-square test") {
  auto similar = kToy;
  similar.noise = 1;
  constexpr std::int64_t kSamples = 4000;
  const GenerationOptions options{.max_new_tokens = 3, .temperature = 1, .top_p = 0.9};
  const auto sampled = [&](const DecodingOptions& by, std::uint64_t seed) {
    auto own = options;
    own.seed = seed;
    return decode(kToy.source(), Prompts(kSamples, {2, 3, 2, 3, 2}), own, by, Ids{});
  };
  const auto plain = sampled({}, 0);
  const auto compared = [&](const std::vector<std::vector<Generation>>& found) {
    std::map<Ids, std::pair<double, double>> counts;
    for (std::size_t i = 0; i < plain.size(); ++i) {
      ++counts[plain[i][0].ids].first;
      ++counts[found[i][0].ids].second;
    }
    const auto [statistic, freedom] = chi_square(counts);
    REQUIRE(freedom > 30);
    // Of a normal approximation (Wilson & Hilferty 1931) the deviations from its mean.
    const double n = double(freedom);
    return (std::cbrt(statistic / n) - (1 - 2 / (9 * n))) / std::sqrt(2 / (9 * n));
  };
  const DecodingOptions draft{.draft = similar.source(), .draft_tokens = 2};
  CHECK(compared(sampled({.prompt_lookup = 2}, 1000000)) < 3);
  CHECK(compared(sampled(draft, 2000000)) < 3);
  // The test sees a distribution that is another one.
  const auto other =
      decode(similar.source(), Prompts(kSamples, {2, 3, 2, 3, 2}), options, {}, Ids{});
  CHECK(compared(other) > 10);
}

TEST_CASE("speculative: right guesses save passes, and wrong ones cost none") {
  std::vector<std::size_t> counts;
  const auto counted = test::counting(kToy.source(), counts);
  const GenerationOptions options{.max_new_tokens = 12, .temperature = 0};
  const DecodingOptions decoding{.draft = kToy.source(), .draft_tokens = 3};
  const auto found = decode(counted, {{1, 2}}, options, decoding, Ids{})[0][0];
  // Three tokens and the one behind them in each pass; the last chosen is the model's own.
  CHECK(counts == std::vector<std::size_t>{5, 4, 4});
  CHECK(found.guessed == 9);
  CHECK(found.accepted == 9);

  auto other = kToy;
  other.seed = 3;
  counts.clear();
  const auto slow = decode(counted, {{1, 2}}, options, {.draft = other.source()}, Ids{})[0][0];
  CHECK(slow.ids == found.ids);
  CHECK(counts.size() == 12 - slow.accepted);
  CHECK(slow.accepted < slow.guessed);
}

TEST_CASE("speculative: look-up goes on as behind the longest, then the latest, repetition") {
  const Sampler sampler({});
  const auto guess = [&](const Ids& tokens, std::size_t n, std::size_t most) {
    return make_prompt_lookup(n)->guess({.tokens = tokens, .prompt = 1}, sampler, most);
  };
  CHECK(guess({5, 1, 2, 3, 4, 9, 5, 1, 2}, 9, 9) == Ids{3, 4, 9});  // as many as repeated
  CHECK(guess({1, 2, 3, 4, 9, 1, 2}, 2, 1) == Ids{3});
  CHECK(guess({1, 2, 3, 4, 9, 1, 2}, 1, 2) == Ids{3});
  CHECK(guess({1, 2, 3, 7, 1, 2, 4, 7, 1, 2}, 1, 9) == Ids{4});     // three, not two
  CHECK(guess({1, 2, 3, 8, 1, 2, 4, 9, 1, 2}, 1, 9) == Ids{4});     // the latest
  CHECK(guess({6, 1, 2, 3, 8, 1, 2, 4, 6, 1, 2}, 1, 9) == Ids{3});  // the longest
  CHECK(guess({5, 6, 5, 6, 5, 6}, 7, 9) == Ids{5, 6, 5, 6});        // goes round
  CHECK(guess({1, 2, 3, 4, 2}, 3, 9).empty());                      // one token is chance
  CHECK(guess({1}, 3, 9).empty());
  CHECK(guess({1, 2, 1, 2}, 3, 0).empty());
  CHECK(test::option_error([&] { make_prompt_lookup(0); }) ==
        "the tokens of prompt look-up is 0, must be at least 1");
}

TEST_CASE("speculative: a draft model guesses up to the end of the text and of its context") {
  const Sampler sampler({.temperature = 0});
  const auto model = kToy.source();
  const Ids tokens{1, 2, 3};
  const auto text = generate(model, tokens, {.max_new_tokens = 6, .temperature = 0}, Ids{}).ids;
  const auto guess = [&](std::int64_t capacity, Ids stop_ids) {
    return make_draft_model(model, capacity, 6)
        ->guess({.tokens = tokens, .prompt = 1, .stop_ids = stop_ids}, sampler, 5);
  };
  CHECK(guess(20, {}) == Ids(text.begin(), text.begin() + 5));
  CHECK(guess(4, {}) == Ids(text.begin(), text.begin() + 2));  // the last one is not read
  CHECK(guess(2, {}).empty());
  CHECK(test::option_error([&] { make_draft_model(model, 9, 0); }) ==
        "the tokens of a draft is 0, must be at least 1");
  CHECK(test::option_error([&] { make_draft_model(model, 0, 2); }) ==
        "the capacity of a draft is 0, must be at least 1");
  const auto end = std::ranges::find(text, text[4]);
  CHECK(guess(20, {text[4]}) == Ids(text.begin(), end));
}

TEST_CASE("speculative: guesses stay within the budget, the context and what was asked for") {
  class Greedy : public Drafter {
   public:
    std::vector<std::int64_t> guess(const History&, const Sampler&, std::size_t most) override {
      return Ids(std::min<std::size_t>(most, 50), 1);
    }
  };
  std::vector<std::size_t> counts;
  const auto counted = test::counting(kToy.source(), counts);
  const auto texts = [&](std::int64_t capacity, std::int64_t most, std::size_t budget) {
    counts.clear();
    Scheduler scheduler(counted, {}, {.sequences = 2, .capacity = capacity});
    std::vector<Generation> ended;
    for (int i = 0; i < 2; ++i) {
      GenerationRequest request{.prompt = {1, 2, 3},
                                .options = {.max_new_tokens = most, .temperature = 0},
                                .drafter = std::make_shared<Greedy>()};
      if (i == 1) request.drafter = nullptr;
      scheduler.submit(request, [&](Generation g) { ended.push_back(std::move(g)); });
    }
    while (scheduler.step(budget)) {
    }
    REQUIRE(ended.size() == 2);
    CHECK(ended[0].ids == ended[1].ids);
    CHECK(ended[0].stop == ended[1].stop);
    return *std::ranges::max_element(counts);
  };
  CHECK(texts(40, 20, 10) == 10);
  CHECK(texts(40, 20, Scheduler::kNoBudget) == 6 + 19);
  CHECK(texts(10, 20, Scheduler::kNoBudget) == 6 + 7);
}

TEST_CASE("speculative: what a drafter throws ends its own request alone") {
  class Failing : public Drafter {
   public:
    std::vector<std::int64_t> guess(const History&, const Sampler&, std::size_t) override {
      throw std::runtime_error("no idea");
    }
  };
  Scheduler scheduler(kToy.source(), {}, {.sequences = 2, .capacity = 40});
  const GenerationOptions options{.max_new_tokens = 5, .temperature = 0};
  scheduler.submit({.prompt = {1}, .options = options, .drafter = std::make_shared<Failing>()},
                   [](const Generation&) { FAIL("it has no end"); });
  Ids other;
  scheduler.submit({.prompt = {2}, .options = options},
                   [&](const Generation& generation) { other = generation.ids; });
  CHECK_THROWS_WITH(scheduler.step(), "no idea");
  while (scheduler.step()) {
  }
  CHECK(other == generate(kToy.source(), Ids{2}, options, Ids{}).ids);
}
