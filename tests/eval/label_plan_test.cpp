#include "minillama/eval/label_plan.h"

#include "support/catch.h"

using namespace minillama;

TEST_CASE("label plan: single tokens need the prompt alone") {
  const std::vector<TokenIds> labels{{5}, {6}, {7}};
  const LabelPlan plan(labels);
  CHECK(plan.continuations == std::vector<TokenIds>{{}});
  CHECK(plan.longest() == 0);
  REQUIRE(plan.labels.size() == 3);
  CHECK(plan.labels[1].size() == 1);
  CHECK(plan.labels[1][0].offset == 0);
  CHECK(plan.labels[1][0].token == 6);
}

TEST_CASE("label plan: prefixes that start longer ones share their sequence") {
  const std::vector<TokenIds> labels{{1}, {2, 3, 4}, {2, 9}, {8, 8}};
  const LabelPlan plan(labels);
  CHECK(plan.continuations == std::vector<TokenIds>{{2, 3}, {8}});
  for (std::size_t i = 0; i < labels.size(); ++i) {
    REQUIRE(plan.labels[i].size() == labels[i].size());
    for (std::size_t j = 0; j < labels[i].size(); ++j) {
      const auto& term = plan.labels[i][j];
      CHECK(term.token == labels[i][j]);
      CHECK(term.offset == static_cast<std::int64_t>(j));
      // What precedes the token in its sequence is what precedes it in the label.
      const auto& sequence = plan.continuations[term.continuation];
      REQUIRE(sequence.size() >= j);
      CHECK(std::equal(labels[i].begin(), labels[i].begin() + static_cast<std::ptrdiff_t>(j),
                       sequence.begin()));
    }
  }
}
