#include "minillama/nn/dropout.h"

#include "minillama/core/random.h"

#include "support/catch.h"
#include "support/tensors.h"

using namespace minillama;

TEST_CASE("dropout: drops the right share and keeps the mean, in training only") {
  Dropout dropout(0.25, make_generator(1));
  const auto x = torch::ones({100000});
  const auto y = dropout(x);
  const double dropped = (y == 0).to(torch::kDouble).mean().item<double>();
  CHECK(dropped == Approx(0.25).margin(0.01));
  CHECK(test::difference(y.masked_select(y != 0),
                         torch::full({(y != 0).sum().item<std::int64_t>()}, 1 / 0.75), 1e-6,
                         0) == "");
  dropout->eval();
  CHECK(dropout(x).equal(x));
}

TEST_CASE("dropout: the generator alone decides") {
  Dropout a(0.5, make_generator(7));
  Dropout b(0.5, make_generator(7));
  const auto x = torch::ones({1000});
  torch::manual_seed(1);
  const auto first = a(x);
  torch::manual_seed(2);
  CHECK(first.equal(b(x)));
  CHECK_FALSE(first.equal(a(x)));
}

TEST_CASE("dropout: what draws on the CPU is the generator itself") {
  // On another device one that it seeds: there is none here.
  const auto generator = make_generator(7);
  CHECK(generator_for(torch::kCPU, generator) == generator);
  const auto before = generator.get_state();
  (void)generator_for(torch::kCPU, generator);
  CHECK(generator.get_state().equal(before));
}

TEST_CASE("dropout: the gradient goes through the mask that was drawn") {
  Dropout dropout(0.5, make_generator(3));
  auto x = torch::ones({100}, torch::requires_grad());
  const auto y = dropout(x);
  y.sum().backward();
  CHECK(x.grad().equal(y.detach()));
}
