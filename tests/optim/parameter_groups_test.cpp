#include "minillama/optim/parameter_groups.h"

#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include "support/catch.h"

using namespace minillama;

namespace {

struct SmallModelImpl : torch::nn::Module {
  SmallModelImpl() {
    embedding = register_module("embedding", torch::nn::Embedding(7, 4));
    norm = register_module("norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({4})));
    linear = register_module("linear", torch::nn::Linear(4, 3));
    register_parameter("output", embedding->weight);
  }
  torch::nn::Embedding embedding{nullptr};
  torch::nn::LayerNorm norm{nullptr};
  torch::nn::Linear linear{nullptr};
};
TORCH_MODULE(SmallModel);

bool same(const std::vector<torch::Tensor>& actual, const std::vector<torch::Tensor>& expected) {
  return std::equal(actual.begin(), actual.end(), expected.begin(), expected.end(),
                    [](const auto& a, const auto& b) { return a.is_same(b); });
}

}  // namespace

TEST_CASE("parameter groups: matrices decay, norms and biases do not, tied ones come once") {
  SmallModel model;
  const auto groups = parameter_groups(*model, {.lr = 0.5, .weight_decay = 0.1});
  REQUIRE(model->parameters().size() == 6);
  REQUIRE(groups.size() == 2);
  CHECK(same(groups[0].parameters, {model->embedding->weight, model->linear->weight}));
  CHECK(same(groups[1].parameters, {model->norm->weight, model->norm->bias, model->linear->bias}));
  CHECK(groups[0].options.weight_decay == 0.1);
  CHECK(groups[1].options.weight_decay == 0);
  CHECK(groups[1].options.lr == 0.5);
}

TEST_CASE("parameter groups: frozen parameters are left out, and groups that are then empty") {
  SmallModel model;
  for (auto& parameter : model->parameters()) parameter.requires_grad_(false);
  CHECK(parameter_groups(*model, {}).empty());
  model->norm->bias.requires_grad_(true);
  const auto groups = parameter_groups(*model, {.weight_decay = 0.1});
  REQUIRE(groups.size() == 1);
  CHECK(same(groups[0].parameters, {model->norm->bias}));
  CHECK(groups[0].options.weight_decay == 0);
}
