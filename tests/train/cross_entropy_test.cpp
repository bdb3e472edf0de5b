#include "minillama/train/cross_entropy.h"

#include <cmath>

#include "minillama/core/error.h"

#include "support/catch.h"

using namespace minillama;

namespace {

const auto kLogits = [] {
  return torch::tensor({{0.3, -1.2, 2.0}, {1.0, 1.0, -0.5}, {-3.0, 0.1, 0.2}, {0.0, 4.0, 1.0}},
                       torch::kDouble);
};
const auto kLabels = [] { return torch::tensor({2, 0, 1, 1}, torch::kLong); };
const auto kWeights = [] { return torch::tensor({0.5, 2.0, 1.0, 0.25}, torch::kDouble); };

}  // namespace

TEST_CASE("cross entropy: weights and label smoothing are as the formula says") {
  const double smoothing = 0.2;
  const auto p = kLogits().softmax(-1);
  double expected = 0;
  for (std::int64_t i = 0; i < 4; ++i) {
    for (std::int64_t l = 0; l < 3; ++l) {
      const bool is_label = kLabels()[i].item<std::int64_t>() == l;
      const double target = (is_label ? 1 - smoothing : 0) + smoothing / 3;
      expected -= kWeights()[i].item<double>() * target * std::log(p[i][l].item<double>());
    }
  }
  const auto loss =
      classification_loss(kLogits(), kLabels(), 5, kWeights(), {.label_smoothing = smoothing});
  CHECK(loss.item<double>() == Approx(expected / 5).epsilon(1e-12));
}

TEST_CASE("cross entropy: weights of one and no smoothing are the plain loss") {
  const auto plain = classification_loss(kLogits(), kLabels(), 4);
  const auto weighted =
      classification_loss(kLogits(), kLabels(), 4, torch::ones(4, torch::kDouble));
  CHECK(weighted.item<double>() == Approx(plain.item<double>()).epsilon(1e-14));
  CHECK_THROWS_WITH(classification_loss(kLogits(), kLabels(), 4, torch::ones(3)),
                    contains("weights is"));
  for (const double smoothing : {-0.1, 1.0, std::nan("")}) {
    CHECK_THROWS_WITH(cross_entropy({.label_smoothing = smoothing}),
                      contains("label_smoothing is"));
  }
}

TEST_CASE(
    "cross entropy: soft targets that are labels are the labels, others as the formula says") {
  const auto certain = torch::one_hot(kLabels(), 3).to(torch::kDouble);
  for (const double smoothing : {0.0, 0.2}) {
    const CrossEntropyOptions options{.label_smoothing = smoothing};
    CHECK(soft_classification_loss(kLogits(), certain, 5, kWeights(), options).item<double>() ==
          Approx(classification_loss(kLogits(), kLabels(), 5, kWeights(), options).item<double>())
              .epsilon(1e-14));
  }
  const auto targets = torch::tensor(
      {{0.2, 0.3, 0.5}, {1.0, 0.0, 0.0}, {0.1, 0.1, 0.8}, {0.0, 0.5, 0.5}}, torch::kDouble);
  const auto p = kLogits().softmax(-1);
  double expected = 0;
  for (std::int64_t i = 0; i < 4; ++i) {
    for (std::int64_t l = 0; l < 3; ++l) {
      expected -= targets[i][l].item<double>() * std::log(p[i][l].item<double>());
    }
  }
  CHECK(soft_classification_loss(kLogits(), targets, 2).item<double>() ==
        Approx(expected / 2).epsilon(1e-12));
  CHECK_THROWS_WITH(soft_classification_loss(kLogits(), targets.narrow(1, 0, 2), 2),
                    contains("targets is"));
}
