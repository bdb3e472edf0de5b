#include "minillama/eval/label_prior.h"

#include <cmath>
#include <limits>

#include "minillama/core/error.h"
#include "minillama/eval/label_length.h"

#include "support/catch.h"

using namespace minillama;

TEST_CASE("label prior: is the mean of the labels' probabilities over the prompts") {
  // Softmax: 1/4, 3/4; 1/2, 1/2; 9/10, 1/10; whatever is added to all labels of a prompt.
  const std::vector<LabelScores> scores{
      {std::log(1.0), std::log(3.0)}, {-700.0, -700.0}, {std::log(9.0) - 5, -5.0}};
  const auto prior = log_prior(scores);
  REQUIRE(prior.size() == 2);
  CHECK(prior[0] == Approx(std::log((0.25 + 0.5 + 0.9) / 3)));
  CHECK(prior[1] == Approx(std::log((0.75 + 0.5 + 0.1) / 3)));
  // A label that is next to impossible is none that is impossible.
  const std::vector<LabelScores> far{{0.0, -2000.0}};
  CHECK(log_prior(far)[1] == -2000.0);
  CHECK_THROWS_AS(log_prior({}), OptionError);
  const std::vector<LabelScores> broken{{0.0, std::numeric_limits<double>::quiet_NaN()}};
  CHECK_THROWS_AS(log_prior(broken), InputError);
}

TEST_CASE("label prior: a kind is known by its name") {
  for (const auto& kind : label_prior_kinds()) {
    CHECK(&label_prior_kind({.kind = std::string(kind.name)}) == &kind);
  }
  CHECK(label_prior_kind({.kind = "batch"}).is_of_sentences());
  CHECK_FALSE(label_prior_kind({}).is_of_sentences());
  CHECK_THROWS_WITH(
      label_prior_kind({.kind = "flat"}),
      "the labels' prior is of the kind \"flat\", must be content-free or domain or batch");
  CHECK_THROWS_WITH(label_prior_kind({.kind = "batch", .texts = {"N/A"}}),
                    contains("takes no texts"));
}

TEST_CASE("label length: of tokens, of bytes, or one") {
  const TokenIds ids{4, 5, 6};
  CHECK(label_length("none").of("caf\u00e9", ids) == 1);
  CHECK(label_length("tokens").of("caf\u00e9", ids) == 3);
  CHECK(label_length("bytes").of("caf\u00e9", ids) == 5);
  CHECK_THROWS_WITH(label_length("words"),
                    "length normalization is \"words\", must be none or tokens or bytes");
}
