// AdamW against what PyTorch computed: tests/reference/adamw.py.

#include <torch/nn/modules/linear.h>

#include "minillama/core/json.h"
#include "minillama/optim/adamw.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

Json reference() {
  const auto path = test::repository_file("tests/reference/adamw.json");
  return parse_json(test::read_text(path), path);
}

/// The fractions from which the script makes its gradients and inputs.
double noise(std::int64_t step, std::int64_t index) {
  return static_cast<double>((step * 7919 + index * 104729) % 2001 - 1000) / 1000;
}

torch::Tensor noises(std::int64_t step, std::int64_t first, torch::IntArrayRef shape) {
  auto out = torch::empty(shape, torch::kDouble);
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    out.data_ptr<double>()[i] = noise(step, first + i);
  }
  return out;
}

void set_gradients(const std::vector<torch::Tensor>& parameters, std::int64_t step) {
  std::int64_t first = 0;
  for (const auto& parameter : parameters) {
    parameter.mutable_grad() = 0.5 * parameter.detach() + noises(step, first, parameter.sizes());
    first += parameter.numel();
  }
}

torch::Tensor flat(const std::vector<torch::Tensor>& tensors) {
  std::vector<torch::Tensor> rows;
  for (const auto& tensor : tensors) rows.push_back(tensor.detach().reshape(-1));
  return torch::cat(rows);
}

torch::Tensor tensor(const Json& numbers) {
  return torch::tensor(numbers.get<std::vector<double>>(), torch::kDouble);
}

double largest_difference(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

/// The assignment's check: W [2, 3], from `initial`, learns (x0 + x1, -x2) from `inputs` [N, 3],
/// one row a step; all float32.
void check_linear_case(const torch::Tensor& initial, const torch::Tensor& inputs,
                       const torch::Tensor& expected) {
  torch::nn::Linear model(torch::nn::LinearOptions(3, 2).bias(false));
  {
    const torch::NoGradGuard no_grad;
    model->weight.copy_(initial);
  }
  AdamW optimizer(
      model->parameters(),
      {.lr = 1e-3, .weight_decay = 1e-4, .max_grad_norm = 0.9, .variant = AdamWVariant::cmu2025});
  for (std::int64_t i = 0; i < inputs.size(0); ++i) {
    const auto x = inputs[i];
    optimizer.zero_grad();
    (torch::stack({x[0] + x[1], -x[2]}) - model(x)).square().sum().backward();
    optimizer.step();
  }
  CHECK(torch::allclose(model->weight, expected, /*rtol=*/1e-3, /*atol=*/1e-5));
}

}  // namespace

TEST_CASE("adamw: 1000 float64 steps of both variants equal PyTorch's, clipped and not") {
  const Json fixture = reference();
  for (const auto& run : fixture["runs"]) {
    INFO(run["variant"] << ", max_grad_norm " << run["max_grad_norm"]);
    std::vector<torch::Tensor> parameters;
    std::int64_t first = 0;
    for (const auto& shape : fixture["shapes"]) {
      parameters.push_back(noises(12345, first, shape.get<std::vector<std::int64_t>>()));
      first += parameters.back().numel();
      parameters.back().requires_grad_();
    }
    REQUIRE(largest_difference(flat(parameters), tensor(fixture["initial"])) == 0);

    AdamW optimizer(parameters, {.lr = fixture["lr"],
                                 .weight_decay = fixture["weight_decay"],
                                 .max_grad_norm = run["max_grad_norm"],
                                 .variant = run["variant"] == "cmu2025" ? AdamWVariant::cmu2025
                                                                        : AdamWVariant::decoupled});
    int compared = 0;
    for (int step = 1; step <= 1000; ++step) {
      set_gradients(parameters, step);
      optimizer.step();
      if (run["expected"].contains(std::to_string(step))) {
        const auto expected = tensor(run["expected"][std::to_string(step)]);
        REQUIRE(largest_difference(flat(parameters), expected) < 1e-10);
        ++compared;
      }
    }
    CHECK(compared == 3);
  }
}

TEST_CASE("adamw: a small regression in float32, clipped, equals PyTorch's") {
  const Json fixture = reference()["linear"];
  auto inputs = torch::empty({1000, 3});
  for (std::int64_t i = 0; i < 1000; ++i) inputs[i] = noises(i, 0, {3});
  check_linear_case(tensor(fixture["initial"]).reshape({2, 3}), inputs,
                    tensor(fixture["expected"]).to(torch::kFloat).reshape({2, 3}));
}

TEST_CASE("adamw: passes the assignment's optimizer test") {
  const auto path = test::data_file("reference/optimizer_case.pt");
  SKIP_WITHOUT(path, "reference/optimizer_case.pt");
  const auto fixture = test::load_fixture(*path);
  check_linear_case(fixture.at("initial_weight"), fixture.at("inputs"),
                    fixture.at("expected_weight"));
}
