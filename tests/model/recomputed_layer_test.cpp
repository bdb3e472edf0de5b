// Layers that are computed again for the backward pass give the same bits.

#include "minillama/model/recomputed_layer.h"

#include <torch/autograd.h>

#include "minillama/core/error.h"
#include "minillama/core/random.h"
#include "minillama/kernels/dispatch.h"
#include "minillama/model/adapters.h"
#include "minillama/nn/dropout.h"
#include "minillama/ops/precision.h"

#include "support/catch.h"
#include "support/engine_models.h"
#include "support/small_model.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

/// Hidden states and the gradients of all parameters, undefined ones left out.
std::vector<torch::Tensor> pass(Llama& llama, bool recompute, bool last_only) {
  llama->set_recompute(recompute);
  llama->zero_grad(/*set_to_none=*/true);
  llama->train();
  const auto ids = torch::tensor(test::random_ids(llama->config(), 9, 2));
  const Sequences sequences({4, 5});
  const DropoutScope scope(make_generator(7));
  const auto hidden =
      last_only ? llama->forward_last(ids, sequences) : llama->forward_packed(ids, sequences);
  hidden.to(torch::kFloat).square().mul(0.1).sum().backward();
  std::vector<torch::Tensor> results{hidden.detach()};
  for (const auto& parameter : llama->parameters()) {
    if (parameter.grad().defined()) results.push_back(parameter.grad().clone());
  }
  return results;
}

void check_same(Llama& llama) {
  for (const bool last_only : {false, true}) {
    const auto expected = pass(llama, false, last_only);
    const auto found = pass(llama, true, last_only);
    REQUIRE(found.size() == expected.size());
    REQUIRE(found.size() > 1);
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i].equal(expected[i]));
  }
}

Llama random_llama(double dropout) {
  auto config = test::small_config();
  config.dropout = dropout;
  return test::random_model(config)->llama;
}

}  // namespace

TEST_CASE("recomputed: states and gradients have the same bits, also under dropout") {
  for (const double dropout : {0.0, 0.4}) {
    INFO(dropout);
    auto llama = random_llama(dropout);
    check_same(llama);
  }
}

TEST_CASE("recomputed: in bfloat16, too") {
  if (kernels::best_isa() != kernels::Isa::avx512) return;
  const PrecisionScope scope(Precision::bfloat16, torch::kCPU);
  auto llama = random_llama(0.2);
  check_same(llama);
}

TEST_CASE("recomputed: adapters are trained where nothing before them is") {
  auto llama = random_llama(0);
  add_adapter(llama, "a", LoraOptions{.rank = 2, .dropout = 0.3}, make_generator(4));
  {
    const torch::NoGradGuard no_grad;
    for (const auto& [name, parameter] : adapter_parameters(llama, "a")) {
      parameter.normal_(0, 0.3, make_generator(5));
    }
  }
  train_only_adapter(llama, "a");
  check_same(llama);
  for (const auto& [name, parameter] : adapter_parameters(llama, "a")) {
    CHECK(parameter.grad().abs().max().item<float>() > 0);
  }
}

TEST_CASE(
    "recomputed: gradients under dropout agree with finite differences, without a scope too") {
  auto config = test::small_config();
  config.dropout = 0.4;
  const auto generator = make_generator(3);
  Llama llama(config, generator);
  llama->train();
  llama->set_recompute(true);
  const auto state = generator.get_state();
  const auto ids = torch::tensor(test::random_ids(config, 5, 2));
  CHECK(test::parameter_gradient_difference(*llama, [&] {
          auto drawn_from = generator;
          drawn_from.set_state(state);
          return llama->forward_packed(ids, Sequences({2, 3}));
        }) == "");
}

TEST_CASE("recomputed: nothing is recomputed where nothing is recorded") {
  auto llama = random_llama(0);
  llama->eval();
  llama->set_recompute(true);
  const torch::NoGradGuard no_grad;
  const auto ids = torch::tensor(test::random_ids(llama->config(), 9, 2));
  CHECK_FALSE(llama->forward_packed(ids, Sequences({4, 5})).requires_grad());
}

TEST_CASE("recomputed: second derivatives are refused") {
  auto llama = random_llama(0);
  llama->set_recompute(true);
  const auto ids = torch::tensor(test::random_ids(llama->config(), 9, 2));
  const auto loss = llama->forward_packed(ids, Sequences({4, 5})).sum();
  CHECK_THROWS_AS(torch::autograd::grad({loss}, {llama->tok_embeddings->weight}, {}, true, true),
                  OptionError);
}
