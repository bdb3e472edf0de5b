#include "minillama/optim/parameter_groups.h"

#include <cmath>
#include <map>

#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include "minillama/core/error.h"
#include "minillama/core/random.h"
#include "minillama/model/adapters.h"

#include "support/catch.h"
#include "support/small_model.h"
#include "support/tensors.h"

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

TEST_CASE("parameter groups: LoRA's B learns faster than all else by the ratio of LoRA+") {
  Llama llama(test::small_config());
  add_adapter(llama, "a", {.rank = 2}, make_generator(1));
  train_only_adapter(llama, "a");
  const AdamWOptions options{.lr = 0.5, .weight_decay = 0.1};
  CHECK(parameter_groups(*llama, options).size() == 1);
  const auto groups = parameter_groups(*llama, options, {.lora_plus = 16});
  REQUIRE(groups.size() == 2);
  std::vector<torch::Tensor> as;
  std::vector<torch::Tensor> bs;
  for (const auto& [name, parameter] : adapter_parameters(llama, "a")) {
    (name.ends_with("lora_A") ? as : bs).push_back(parameter);
  }
  CHECK(same(groups[0].parameters, as));
  CHECK(same(groups[1].parameters, bs));
  CHECK(groups[0].options.lr == 0.5);
  CHECK(groups[1].options.lr == 8);
  CHECK(groups[1].options.weight_decay == 0.1);
  CHECK_THROWS_WITH(parameter_groups(*llama, options, {.lora_plus = 0}),
                    contains("lora-plus-ratio is 0"));
  SmallModel plain;
  CHECK_THROWS_WITH(parameter_groups(*plain, options, {.lora_plus = 2}),
                    contains("no low-rank adapter"));
}

TEST_CASE("parameter groups: a step of LoRA+ moves B by its own rate, and A by the other") {
  Llama llama(test::small_config(), make_generator(1));
  add_adapter(llama, "a", {.rank = 2, .targets = {"w1"}}, make_generator(1));
  train_only_adapter(llama, "a");
  const auto parameters = adapter_parameters(llama, "a");
  const auto before = test::copy_of_parameters(*llama);
  AdamW optimizer(parameter_groups(*llama, {.lr = 1e-3, .weight_decay = 0}, {.lora_plus = 8}));
  for (const auto& [name, parameter] : parameters) {
    parameter.mutable_grad() = torch::ones_like(parameter);
  }
  optimizer.step();  // Adam's first step is its learning rate
  for (const auto& [name, value] : before) {
    INFO(name);
    const double moved = (value - llama->named_parameters()[name]).abs().max().item<double>();
    const double rate = name.ends_with("lora_B") ? 8e-3 : name.ends_with("lora_A") ? 1e-3 : 0;
    CHECK(moved == Approx(rate).epsilon(1e-3).margin(1e-9));
  }
}

TEST_CASE("parameter groups: the rates of layers fall by the layer decay towards the embeddings") {
  const Llama llama(test::small_config());
  const auto n_layers = test::small_config().n_layers;
  const auto groups =
      parameter_groups(*llama, {.lr = 0.5, .weight_decay = 0.1}, {.layer_decay = 0.25});
  std::map<std::string, double> rates;
  std::size_t n_parameters = 0;
  for (const auto& group : groups) {
    n_parameters += group.parameters.size();
    for (const auto& item : llama->named_parameters()) {
      for (const auto& parameter : group.parameters) {
        if (!parameter.is_same(item.value())) continue;
        rates[item.key()] = group.options.lr;
        CHECK(group.options.weight_decay == (parameter.dim() >= 2 ? 0.1 : 0));
      }
    }
  }
  CHECK(n_parameters == llama->parameters().size());
  CHECK(rates.at("norm.weight") == 0.5);
  CHECK(rates.at("tok_embeddings.weight") ==
        Approx(0.5 * std::pow(0.25, static_cast<double>(n_layers + 1))));
  for (std::int64_t i = 0; i < n_layers; ++i) {
    const double expected = 0.5 * std::pow(0.25, static_cast<double>(n_layers - i));
    for (const auto* name : {"attention.compute_query", "feed_forward.w1", "attention_norm"}) {
      CHECK(rates.at(fmt::format("layers.{}.{}.weight", i, name)) == Approx(expected));
    }
  }
  for (const double decay : {0.0, 1.5, std::nan("")}) {
    CHECK_THROWS_WITH(parameter_groups(*llama, {}, {.layer_decay = decay}),
                      contains("layer-decay is"));
  }
}
