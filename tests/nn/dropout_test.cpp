#include "minillama/nn/dropout.h"

#include <thread>

#include <torch/nn/modules/container/sequential.h>

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

TEST_CASE("dropout: within a scope all of a thread's dropout draws from its generator") {
  Dropout a(0.5, make_generator(1));
  Dropout b(0.5, make_generator(2));
  Dropout plain(0.5, make_generator(9));
  const auto x = torch::ones({1000});
  const auto first = plain(x), second = plain(x);
  {
    const DropoutScope scope(make_generator(9));
    CHECK(a(x).equal(first));
    {
      const DropoutScope inner(make_generator(9));
      CHECK(b(x).equal(first));
      const DropoutScope none{torch::Generator()};
      CHECK(a(x).equal(second));
    }
    CHECK(b(x).equal(second));
    std::thread([&] {
      Dropout other(0.5, make_generator(1));
      CHECK(a(x).equal(other(x)));  // a scope is its thread's
    }).join();
  }
  Dropout as_a(0.5, make_generator(1));
  as_a(x);
  CHECK(a(x).equal(as_a(x)));
}

TEST_CASE("dropout: passes get generators of their own, of one number of the module's") {
  const auto x = torch::ones({1000});
  const auto masks = [&](std::uint64_t seed, std::int64_t n_passes) {
    torch::nn::Sequential model(Dropout(0.0, torch::Generator()),
                                Dropout(0.5, make_generator(seed)));
    std::vector<torch::Tensor> drawn;
    for (const auto& generator : pass_generators(*model, n_passes)) {
      const DropoutScope scope(generator);
      drawn.push_back(model->forward(x));
    }
    drawn.push_back(model->forward(x));
    return drawn;
  };
  const auto three = masks(7, 3), two = masks(7, 2), others = masks(8, 2);
  for (const std::size_t i : {0, 1}) {
    CHECK(three[i].equal(two[i]));
    CHECK_FALSE(three[i].equal(others[i]));
    CHECK_FALSE(three[i].equal(three[i + 1]));
  }
  CHECK(three.back().equal(two.back()));  // which draws on behind that number
  Dropout off(0.5, make_generator(7));
  off->eval();
  for (const auto& generator : pass_generators(*off, 2)) CHECK_FALSE(generator.defined());
}
