#include "minillama/optim/weight_average.h"

#include <algorithm>
#include <cmath>

#include "minillama/core/error.h"

#include "support/catch.h"

using namespace minillama;

TEST_CASE("weight average: is what its formula says, step by step") {
  const auto weight = torch::tensor({1.0, -2.0}, torch::kDouble).requires_grad_();
  WeightAverage average({{"w", weight}}, 0.5);
  std::vector<double> expected{1, -2};
  for (std::int64_t t = 1; t <= 12; ++t) {
    {
      const torch::NoGradGuard no_grad;
      weight.add_(static_cast<double>(t));
    }
    average.update(t);
    const double decay =
        std::min(0.5, (1. + static_cast<double>(t)) / (10. + static_cast<double>(t)));
    for (std::int64_t i = 0; i < 2; ++i) {
      auto& value = expected[static_cast<std::size_t>(i)];
      value = decay * value + (1 - decay) * weight[i].item<double>();
      CHECK(average.tensors()[0].second[i].item<double>() == Approx(value).epsilon(1e-12));
    }
  }
  const auto last = weight.detach().clone();
  const auto averaged = average.tensors()[0].second.clone();
  average.swap();
  CHECK(weight.equal(averaged));
  CHECK(average.tensors()[0].second.equal(last));
  average.swap();
  CHECK(weight.equal(last));
}

TEST_CASE("weight average: a decay that is none is refused") {
  for (const double decay : {0.0, 1.0, -0.1, std::nan("")}) {
    CHECK_THROWS_AS(WeightAverage({}, decay), OptionError);
  }
}
