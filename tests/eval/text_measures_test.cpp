#include "minillama/eval/text_measures.h"

#include <algorithm>
#include <cmath>

#include "minillama/eval/ngrams.h"
#include "minillama/eval/self_bleu.h"
#include "minillama/eval/text_states.h"

#include "support/catch.h"
#include "support/option_error.h"
#include "support/toy_model.h"

using namespace minillama;

namespace {

const test::ToyModel kToy{.seed = 3, .vocabulary = 9};

/// `n` texts of some tokens behind prompts of others.
std::vector<ContinuedIds> some_texts(std::size_t n, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto tokens = [&](std::size_t length) {
    TokenIds ids(length);
    for (auto& id : ids) id = static_cast<std::int64_t>(random() % 9);
    return ids;
  };
  std::vector<ContinuedIds> texts;
  for (std::size_t i = 0; i < n; ++i) texts.push_back({tokens(1 + i % 3), tokens(random() % 12)});
  texts.front().continuation.clear();
  return texts;
}

double log_probability(const TokenIds& before, std::int64_t token) {
  const auto logits = kToy.logits(before);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(double{logit});
  return double{logits[static_cast<std::size_t>(token)]} - std::log(sum);
}

}  // namespace

TEST_CASE("text measures: they are of all texts and of each resample") {
  const auto texts = some_texts(12, 1);
  const Bootstrap bootstrap(12, 20);
  const auto measures = measure_texts(kToy.source(), texts, bootstrap);
  std::vector<TokenIds> continuations, whole;
  std::vector<double> sums;
  for (const auto& [prompt, continuation] : texts) {
    continuations.push_back(continuation);
    auto ids = prompt;
    sums.push_back(0);
    for (const auto id : continuation) {
      sums.back() += log_probability(ids, id);
      ids.push_back(id);
    }
    whole.push_back(ids);
  }
  const auto bleu = self_bleu(continuations);
  using Sample = std::span<const std::size_t>;
  const auto likelihood = bootstrap.estimate([&](Sample sample) {
    double sum = 0, n = 0;
    for (const auto i : sample) sum += sums[i], n += double(continuations[i].size());
    return sum / n;
  });
  const auto repetition = bootstrap.estimate([&](Sample sample) {
    double repeated = 0, all = 0;
    for (const auto i : sample) {
      const auto ngrams = repeated_ngrams(continuations[i], 4);
      repeated += double(ngrams.repeated), all += double(ngrams.all);
    }
    return repeated / all;
  });
  const auto likeness = bootstrap.estimate([&](Sample sample) {
    double sum = 0;
    for (const auto i : sample) sum += bleu[i];
    return sum / double(sample.size());
  });
  const auto same = [](const Estimate& found, const Estimate& expected) {
    CHECK(found.value == Approx(expected.value).margin(1e-6));
    REQUIRE(found.replicates.size() == expected.replicates.size());
    for (std::size_t i = 0; i < found.replicates.size(); ++i) {
      CHECK(found.replicates[i] == Approx(expected.replicates[i]).margin(1e-6));
    }
  };
  same(measures.log_likelihood, likelihood);
  same(measures.repetition, repetition);
  same(measures.self_bleu, likeness);
  std::size_t n = 0;
  for (const auto& text : continuations) n += text.size();
  CHECK(measures.tokens == n);
  CHECK(measures.texts == 12);
  for (std::size_t k = 1; k <= 3; ++k) {
    CHECK(measures.distinct[k - 1] == distinct_ngrams(continuations, k));
  }
  CHECK(measures.states == last_states(kToy.source(), whole));
}

TEST_CASE("text measures: divergence tells the same texts from others, over their clusters") {
  const Bootstrap bootstrap(40, 50);
  const auto measured = [&](std::uint64_t seed) {
    return measure_texts(kToy.source(), some_texts(40, seed), bootstrap);
  };
  const auto one = measured(1), other = measured(2);
  const auto same = divergence_area(one, one, {}, bootstrap);
  CHECK(same.value == Approx(1));
  CHECK(std::ranges::all_of(same.replicates, [](double x) { return x == Approx(1); }));
  const auto differing = divergence_area(one, other, {}, bootstrap).value;
  CHECK(differing < 1);
  CHECK(differing > 0.3);
  // Moved far away, they have no cluster in common.
  auto moved = other;
  for (auto& x : moved.states) x += 1000;
  CHECK(divergence_area(one, moved, {.clusters = 2}, bootstrap).value < 0.01);
  CHECK(divergence_area(one, moved, {.clusters = 1}, bootstrap).value == Approx(1));
}

TEST_CASE("text measures: what cannot be measured is refused, what is empty has no figures") {
  const auto texts = some_texts(3, 1);
  const Bootstrap three(3, 5), two(2, 5);
  const auto error = [&](const std::vector<ContinuedIds>& of, const Bootstrap& bootstrap) {
    return test::option_error([&] { measure_texts(kToy.source(), of, bootstrap); });
  };
  CHECK(error(texts, two) == "the number of texts is 3, must be what the bootstrap draws from, 2");
  CHECK(error({{{1}, {2}}}, Bootstrap(1)).starts_with("the number of texts is 1"));
  CHECK(error({{{1}, {2}}, {{}, {2}}}, two) ==
        "the number of tokens of a prompt is 0, must be at least 1");
  CHECK(error({{{1}, {2}}, {{1}, {9}}}, two).starts_with("a token id of the text is 9"));
  const auto measures = measure_texts(kToy.source(), texts, three);
  CHECK(test::option_error([&] { divergence_area(measures, measures, {}, two); }) ==
        "the number of texts is 3, must be what the bootstrap draws from, 2");
  CHECK(test::option_error([&] { divergence_area(measures, measures, {.clusters = 7}, three); }) ==
        "the number of points is 6, must be at least that of clusters, 7");
  const std::vector<ContinuedIds> empty{{{1}, {}}, {{2}, {}}};
  const auto none = measure_texts(kToy.source(), empty, two);
  CHECK(none.tokens == 0);
  CHECK(std::isnan(none.log_likelihood.value));
  CHECK(std::isnan(interval(none.repetition).low));
  CHECK(std::isnan(none.distinct[0]));
  CHECK(none.self_bleu.value == 0);
}
