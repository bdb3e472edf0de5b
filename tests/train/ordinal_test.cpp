#include "minillama/train/ordinal.h"

#include <cmath>

#include "minillama/core/error.h"
#include "minillama/train/cross_entropy.h"

#include "support/catch.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

torch::Tensor logits() {
  return torch::tensor(
      {{0.3, -1.2, 2.0, 0.1}, {1.0, 1.0, -0.5, 3.0}, {-3.0, 0.1, 0.2, 40.0}, {0.0, 4.0, 1.0, -50.0}},
      torch::kDouble);
}

}  // namespace

TEST_CASE("ordinal: is the sum of the thresholds' binary cross-entropies") {
  const std::vector<std::int64_t> labels{0, 3, 1, 2};
  const std::vector<double> weights{1, 0.5, 2, 1};
  const auto p = logits().softmax(-1);
  double expected = 0;
  for (std::int64_t i = 0; i < 4; ++i) {
    const auto row = static_cast<std::size_t>(i);
    for (std::int64_t k = 0; k < 3; ++k) {
      double above = 0;
      for (std::int64_t l = k + 1; l < 4; ++l) above += p[i][l].item<double>();
      double up_to = 0;
      for (std::int64_t l = 0; l <= k; ++l) up_to += p[i][l].item<double>();
      expected -= weights[row] * std::log(labels[row] > k ? above : up_to);
    }
  }
  const auto loss = ordinal_loss(logits(), torch::tensor(labels, torch::kLong), 3,
                                 torch::tensor(weights, torch::kDouble));
  CHECK(loss.item<double>() == Approx(expected / 3).epsilon(1e-12));
}

TEST_CASE("ordinal: what is further off costs more, and two labels are cross-entropy") {
  const auto label = torch::tensor({0}, torch::kLong);
  double last = 0;
  for (std::int64_t said = 0; said < 4; ++said) {
    auto scores = torch::zeros({1, 4}, torch::kDouble);
    scores[0][said] = 3;
    const double loss = ordinal_loss(scores, label, 1).item<double>();
    CHECK(loss > last);
    last = loss;
  }
  const auto two = logits().narrow(1, 0, 2);
  const auto labels = torch::tensor({0, 1, 1, 0}, torch::kLong);
  CHECK(ordinal_loss(two, labels, 4).item<double>() ==
        Approx(classification_loss(two, labels, 4).item<double>()).epsilon(1e-12));
}

TEST_CASE("ordinal: gradients agree with finite differences") {
  const auto labels = torch::tensor({0, 3, 1, 2}, torch::kLong);
  CHECK(test::gradient_difference([&](const auto& in) { return ordinal_loss(in[0], labels, 2); },
                                  {logits().clamp(-3, 3)}) == "");
}

TEST_CASE("ordinal: arguments are checked") {
  const auto labels = torch::tensor({0, 3, 1, 2}, torch::kLong);
  CHECK_THROWS_WITH(ordinal_loss(logits(), labels + 1, 1), contains("labels holds 4"));
  CHECK_THROWS_WITH(ordinal_loss(logits(), labels, 0), contains("divisor is 0"));
  CHECK_THROWS_WITH(ordinal_loss(logits(), labels.narrow(0, 0, 2), 1), contains("labels is"));
  CHECK_THROWS_WITH(ordinal_loss(logits(), labels, 1, torch::ones(3)), contains("weights is"));
}
