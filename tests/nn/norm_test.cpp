#include "minillama/nn/norm.h"

#include "minillama/core/random.h"
#include "minillama/nn/layer_norm.h"
#include "minillama/nn/rms_norm.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

test::Fixture fixture() {
  return test::load_fixture(test::repository_file("tests/reference/nn.pt"));
}

void set(torch::Tensor& parameter, const torch::Tensor& value) {
  const torch::NoGradGuard no_grad;
  parameter.set_data(value.clone());
}

}  // namespace

TEST_CASE("norm: LayerNorm computes what PyTorch computes") {
  const auto expected = fixture();
  LayerNorm norm(8, 1e-5);
  set(norm->weight, expected.at("layer_norm.weight"));
  set(norm->bias, expected.at("layer_norm.bias"));
  CHECK(test::difference(norm(expected.at("layer_norm.x")), expected.at("layer_norm.y"), 0,
                         1e-12) == "");
}

TEST_CASE("norm: RMSNorm computes what PyTorch computes") {
  const auto expected = fixture();
  RMSNorm norm(8, 1e-5);
  set(norm->weight, expected.at("rms_norm.weight"));
  CHECK(test::difference(norm(expected.at("rms_norm.x")), expected.at("rms_norm.y"), 0, 1e-12) ==
        "");
}

TEST_CASE("norm: gradients agree with finite differences") {
  auto generator = make_generator(1);
  const auto x = torch::randn({3, 6}, generator, torch::kDouble);
  for (const auto kind : {NormKind::layernorm, NormKind::rmsnorm}) {
    auto norm = make_norm({.dim = 6, .norm = kind});
    norm->to(torch::kDouble);
    {
      const torch::NoGradGuard no_grad;
      for (auto& parameter : norm->parameters()) parameter.normal_(0, 1, generator);
    }
    CHECK(test::gradient_difference([&](const auto& in) { return norm->forward(in[0]); }, {x}) ==
          "");
    CHECK(test::parameter_gradient_difference(*norm, [&] { return norm->forward(x); }) == "");
  }
}

TEST_CASE("norm: statistics of half types are taken in float32") {
  auto generator = make_generator(2);
  const auto x = torch::randn({4, 64}, generator) * 300;  // squares overflow float16
  for (const auto kind : {NormKind::layernorm, NormKind::rmsnorm}) {
    auto norm = make_norm({.dim = 64, .norm = kind});
    for (const auto type : {torch::kHalf, torch::kBFloat16}) {
      const auto half = norm->forward(x.to(type));
      CHECK(half.scalar_type() == type);
      const auto exact = norm->forward(x.to(type).to(torch::kFloat));
      CHECK(test::difference(half, exact, type == torch::kHalf ? 1e-3 : 8e-3, 1e-3) == "");
    }
    CHECK(norm->forward(x.to(torch::kDouble)).scalar_type() == torch::kDouble);
  }
}

TEST_CASE("norm: only LayerNorm has a bias") {
  CHECK(make_norm({.dim = 4, .norm = NormKind::layernorm})->named_parameters().size() == 2);
  CHECK(make_norm({.dim = 4, .norm = NormKind::rmsnorm})->named_parameters().size() == 1);
}
