// What strategies have in common: several continuations, guidance, and what is refused.

#include "minillama/generate/decode.h"

#include <cmath>
#include <numeric>

#include "support/catch.h"
#include "support/counting_decoder.h"
#include "support/option_error.h"
#include "support/toy_model.h"

using namespace minillama;
using test::Ids;
using test::option_error;

namespace {

const test::ToyModel kToy{.seed = 1, .vocabulary = 6};

/// Two models as one: the logits that guidance should give.
class GuidedToy : public Decoder {
 public:
  GuidedToy(Ids negative, std::size_t prompt, float guidance)
      : negative_(std::move(negative)), prompt_(prompt), guidance_(guidance) {}

  void append(std::span<const Continuation> continuations) override {
    REQUIRE(continuations.size() == 1);
    const auto ids = continuations[0].ids;
    tokens_.insert(tokens_.end(), ids.begin(), ids.end());
    auto other = negative_;
    other.insert(other.end(), tokens_.begin() + std::ptrdiff_t(prompt_), tokens_.end());
    logits_ = kToy.logits(tokens_);
    const auto away = kToy.logits(other);
    for (std::size_t i = 0; i < away.size(); ++i) {
      logits_[i] = away[i] + guidance_ * (logits_[i] - away[i]);
    }
  }
  std::span<float> logits(std::size_t) override { return logits_; }
  std::span<const float> states(std::size_t) const override { return {}; }
  void copy(std::size_t, std::size_t) override { FAIL("there is one sequence"); }
  void truncate(std::size_t, std::size_t length) override { tokens_.resize(length); }

 private:
  Ids negative_, tokens_;
  std::size_t prompt_;
  float guidance_;
  std::vector<float> logits_;
};

std::vector<Ids> ids_of(const std::vector<Generation>& generations) {
  std::vector<Ids> all;
  for (const auto& generation : generations) all.push_back(generation.ids);
  return all;
}

}  // namespace

TEST_CASE("decode: continuations of a prompt are those of as many seeds, and read it once") {
  std::vector<std::size_t> counts;
  const auto counted = test::counting(kToy.source(), counts);
  const Prompts prompts{Ids(40, 1), Ids(30, 2)};
  for (const std::int64_t batch_size : {1, 3, 16}) {
    const GenerationOptions options{.max_new_tokens = 4, .seed = 9, .batch_size = batch_size};
    counts.clear();
    const auto found = decode(counted, prompts, options, {.continuations = 5}, Ids{});
    std::uint64_t seed = 9;
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      REQUIRE(found[i].size() == 5);
      for (const auto& generation : found[i]) {
        auto own = options;
        own.seed = seed++;
        CHECK(generation.ids == generate(kToy.source(), prompts[i], own, Ids{}).ids);
      }
    }
    // Both prompts, the last token of one for each other continuation, and three tokens of each.
    CHECK(std::accumulate(counts.begin(), counts.end(), std::size_t{0}) ==
          40 + 30 + 2 * 4 + 10 * 3);
  }
}

TEST_CASE("decode: guided logits are away from those behind the negative prompt") {
  const Ids prompt{1, 2, 3};
  for (const Ids& negative : {Ids{4}, Ids{5, 1, 2, 4, 4, 1}}) {
    for (const double guidance : {-1.0, 0.0, 0.5, 2.5}) {
      auto expected_source = kToy.source();
      expected_source.make = [&](const GenerationOptions&, const DecoderSize&) {
        return std::make_unique<GuidedToy>(negative, prompt.size(), float(guidance));
      };
      const GenerationOptions options{.max_new_tokens = 20, .seed = 3};
      const auto expected = generate(expected_source, prompt, options, Ids{0});
      DecodingOptions decoding{.guidance = guidance, .negative_prompt = negative};
      const auto found = decode(kToy.source(), {prompt}, options, decoding, Ids{0})[0][0];
      CHECK(found.ids == expected.ids);
      // Of guesses, too, and of several continuations, of which the first is the same.
      decoding.draft = kToy.source();
      CHECK(decode(kToy.source(), {prompt}, options, decoding, Ids{0})[0][0].ids == expected.ids);
      decoding.continuations = 3;
      CHECK(decode(kToy.source(), {prompt}, options, decoding, Ids{0})[0][0].ids == expected.ids);
    }
  }
}

TEST_CASE("decode: both prompts are read once for all continuations, whatever their lengths") {
  std::vector<std::size_t> counts;
  const auto counted = test::counting(kToy.source(), counts);
  const GenerationOptions options{.max_new_tokens = 2};
  const DecodingOptions decoding{.continuations = 4, .guidance = 2, .negative_prompt = Ids(20, 2)};
  const auto found = decode(counted, {Ids(10, 1), {3, 4}}, options, decoding, Ids{});
  // Both, then a token of the first and both last ones for the others, then one of each of these.
  CHECK(counts == std::vector<std::size_t>{10 + 20, 2 + 3 * 2, 3 * 2, 2 + 20, 2 + 3 * 2, 3 * 2});
  auto greedy = options;
  greedy.temperature = 0;
  DecodingOptions beams{.continuations = 2, .num_beams = 2, .guidance = 2};
  beams.negative_prompt = {2};
  const auto both = decode(kToy.source(), {{1, 2}, {3}}, greedy, beams, Ids{});
  CHECK(ids_of(both[0]) == ids_of(decode(kToy.source(), {{1, 2}}, greedy, beams, Ids{})[0]));
  CHECK(ids_of(both[1]) == ids_of(decode(kToy.source(), {{3}}, greedy, beams, Ids{})[0]));
}

TEST_CASE("decode: a longer negative prompt takes its part of the context") {
  const GenerationOptions options{.max_new_tokens = 100, .temperature = 0};
  const DecodingOptions decoding{.guidance = 2, .negative_prompt = Ids(60, 2)};
  const auto found = decode(kToy.source(), {{1, 2}}, options, decoding, Ids{})[0][0];
  CHECK(found.ids.size() == 5);
  CHECK(found.stop == StopReason::context_full);
}

TEST_CASE("decode: what makes no sense is refused with its reason") {
  const auto refused = [](const DecodingOptions& decoding, GenerationOptions options = {}) {
    return option_error([&] { decode(kToy.source(), {{1}}, options, decoding, Ids{}); });
  };
  const GenerationOptions greedy{.temperature = 0};
  const auto toy = kToy.source();
  CHECK(refused({.continuations = 0}) == "continuations is 0, must lie between 1 and 1024");
  CHECK(refused({.continuations = 2}, greedy) ==
        "2 continuations at temperature 0 would be the same one");
  CHECK(refused({.continuations = 2, .prompt_lookup = 3}, greedy) ==
        "2 continuations at temperature 0 would be the same one");
  CHECK(refused({.num_beams = 2}) == "beam search draws nothing: temperature is 0.8, must be 0");
  CHECK(refused({.continuations = 3, .num_beams = 2}, greedy) ==
        "continuations is 3, must be at most num-beams, 2, which are as many texts");
  CHECK(
      refused({.prompt_lookup = 2, .num_beams = 2}, greedy) ==
      "speculative decoding does not go with beam search: each chooses the tokens in its own way");
  CHECK(refused({.prompt_lookup = 2, .draft = toy}) ==
        "prompt look-up does not go with a draft model: either guesses");
  CHECK(refused({.prompt_lookup = -1}) == "prompt-lookup is -1, must lie between 0 and 1024");
  CHECK(refused({.num_beams = -1}, greedy) == "num-beams is -1, must lie between 1 and 1024");
  CHECK(refused({.num_beams = 4, .beam_groups = 3, .diversity_penalty = 1}, greedy) ==
        "beam-groups is 3, must be a divisor of num-beams, 4");
  for (const DecodingOptions& half : {DecodingOptions{.num_beams = 4, .beam_groups = 2},
                                      DecodingOptions{.num_beams = 4, .diversity_penalty = 1}}) {
    CHECK_THAT(refused(half, greedy), contains("groups differ by the penalty"));
  }
  CHECK(refused({.num_beams = 4, .length_penalty = NAN}, greedy) ==
        "length-penalty is nan, must lie in [-100, 100]");
  CHECK(refused({.guidance = 2}) == "the negative prompt has no tokens");
  CHECK(refused({.negative_prompt = {1}}) == "a negative prompt has no effect at guidance 1");
  CHECK(refused({.guidance = 2, .negative_prompt = {6}}) ==
        "a token id of the prompt is 6, must be at least 0 and less than 6");
  CHECK_THAT(refused({.prompt_lookup = 2}, {.crop_context = true}),
             contains("a context that is not cropped: else later tokens change"));
  auto other = kToy;
  other.vocabulary = 7;
  CHECK(refused({.draft = other.source()}) ==
        "the vocabulary of the draft model is 7, must be the model's, 6");
  CHECK(refused({.draft = toy, .draft_tokens = 0}) ==
        "draft-tokens is 0, must lie between 1 and 1024");
  auto full = kToy.source();
  full.config.attention = AttentionKind::full;
  CHECK(refused({.draft = full}) == "the draft model's attention is full, must be causal");
  CHECK_THAT(option_error([&] { decode(full, {{1}}, {}, {.prompt_lookup = 2}, Ids{}); }),
             contains("needs causal attention"));
  CHECK(refused({}) == "accepted");
}
