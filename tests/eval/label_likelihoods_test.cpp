#include "minillama/eval/label_likelihoods.h"

#include <cmath>
#include <numeric>

#include "minillama/checkpoint/checkpoint.h"

#include "support/catch.h"
#include "support/counting_decoder.h"
#include "support/files.h"
#include "support/toy_model.h"

using namespace minillama;

namespace {

const std::vector<TokenIds> kLabels{{3}, {1, 2, 4}, {1, 0}, {2, 2}};

/// `count` prompts of several lengths that begin with the same tokens.
std::vector<TokenIds> prompts_behind(const TokenIds& shared, int count, std::int64_t vocabulary) {
  std::mt19937_64 random(3);
  std::vector<TokenIds> prompts;
  for (int i = 0; i < count; ++i) {
    auto& ids = prompts.emplace_back(shared);
    ids.push_back(i % 2);  // so that they have no more in common
    for (auto more = random() % 9; more > 0; --more) {
      ids.push_back(static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(vocabulary)));
    }
  }
  return prompts;
}

TokenIds tokens(std::size_t count, std::int64_t vocabulary) {
  TokenIds ids;
  for (std::size_t i = 0; i < count; ++i) {
    ids.push_back(static_cast<std::int64_t>(i * i + i / 3) % vocabulary);
  }
  return ids;
}

/// log p(label | prompt), straight from the definition.
double log_likelihood(const test::ToyModel& model, TokenIds ids, const TokenIds& label) {
  double sum = 0;
  for (const auto id : label) {
    double total = 0;
    const auto logits = model.logits(ids);
    for (const float logit : logits) total += std::exp(double(logit));
    sum += double(logits[static_cast<std::size_t>(id)]) - std::log(total);
    ids.push_back(id);
  }
  return sum;
}

std::size_t total(const std::vector<std::size_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::size_t{0});
}

}  // namespace

TEST_CASE("label likelihoods: are those of all tokens, also behind what all prompts begin with") {
  const test::ToyModel model{.seed = 7};
  const LabelPlan plan(kLabels);
  for (const std::size_t shared : {0, 3, 20, 40}) {
    const auto prompts = prompts_behind(tokens(shared, 5), 70, 5);
    const auto scores = label_log_likelihoods(model.source(), prompts, plan);
    REQUIRE(scores.size() == prompts.size());
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      for (std::size_t label = 0; label < kLabels.size(); ++label) {
        CHECK(scores[i][label] ==
              Approx(log_likelihood(model, prompts[i], kLabels[label])).margin(1e-6));
      }
    }
  }
}

TEST_CASE("label likelihoods: what all prompts begin with is read once for all of them") {
  const test::ToyModel model{.seed = 7};
  const LabelPlan plan(kLabels);
  const std::size_t shared = 30;
  for (const int count : {2, 70}) {
    const auto prompts = prompts_behind(tokens(shared, 5), count, 5);
    std::vector<std::size_t> counts;
    label_log_likelihoods(test::counting(model.source(), counts), prompts, plan);
    std::size_t expected = shared;
    for (const auto& ids : prompts) {
      expected += ids.size() - shared;
      for (const auto& continuation : plan.continuations) expected += continuation.size();
    }
    CHECK(total(counts) == expected);
  }
  // Those that are all the same have all but their last token in common.
  std::vector<std::size_t> counts;
  const std::vector<TokenIds> same(9, tokens(31, 5));
  const std::vector<TokenIds> single_tokens{{1}, {2}};
  label_log_likelihoods(test::counting(model.source(), counts), same, LabelPlan(single_tokens));
  CHECK(total(counts) == 30 + 9);
}

TEST_CASE("label likelihoods: a model's are the same bits, shared, side by side and one by one") {
  const auto weights = std::make_shared<const Weights>(
      Checkpoint::open(test::repository_file("checkpoints/reviews-tiny")).language_model());
  const auto model = decoder_source(weights);
  const auto vocabulary = model.config.vocab_size;
  const LabelPlan plan(kLabels);
  const auto prompts = prompts_behind(tokens(75, vocabulary), 40, vocabulary);
  const auto shared = label_log_likelihoods(model, prompts, plan);
  auto apart = prompts;
  apart.push_back({1});  // has nothing in common with the others: each reads all of its tokens
  const auto side_by_side = label_log_likelihoods(model, apart, plan);
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    CHECK(shared[i] == side_by_side[i]);
    CHECK(shared[i] == label_log_likelihoods(model, {&prompts[i], 1}, plan).front());
  }
}
