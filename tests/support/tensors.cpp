#include "support/tensors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/random.h"
#include "minillama/io/torch_save.h"
#include "minillama/model/tensors.h"

namespace minillama::test {
namespace {

/// d function / d x[i] by the five-point stencil, whose error is of the order h^4.
double numeric_derivative(const std::function<double()>& function, double& x) {
  constexpr double kStep = 1e-4;
  const double at = x;
  const auto value = [&](double offset) {
    x = at + offset * kStep;
    const double result = function();
    x = at;
    return result;
  };
  return (value(-2) - 8 * value(-1) + 8 * value(1) - value(2)) / (12 * kStep);
}

/// Checks the gradients of the scalar that `function` computes.
std::string compare(const std::function<torch::Tensor()>& function,
                    std::vector<torch::Tensor>& inputs, const std::vector<std::string>& names) {
  torch::Tensor weights;
  const auto contracted = [&] {
    const auto output = function();
    if (!weights.defined()) {
      auto generator = make_generator(99);
      weights = torch::randn(output.sizes(), generator, output.options().requires_grad(false));
    }
    return (output * weights).sum();
  };
  contracted().backward();
  std::vector<torch::Tensor> gradients;
  for (const auto& input : inputs) {
    if (!input.grad().defined()) return "no gradient arrived";
    gradients.push_back(input.grad().clone());
  }

  const torch::NoGradGuard no_grad;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    auto flat = inputs[k].data().view(-1);
    const auto gradient = gradients[k].contiguous().view(-1);
    auto* elements = flat.data_ptr<double>();
    for (std::int64_t i = 0; i < flat.numel(); ++i) {
      const double expected =
          numeric_derivative([&] { return contracted().item<double>(); }, elements[i]);
      const double actual = gradient[i].item<double>();
      if (!(std::abs(actual - expected) <= 1e-6 * std::abs(expected) + 1e-9)) {
        return fmt::format("{}, element {}: gradient {}, finite difference {}", names[k], i, actual,
                           expected);
      }
    }
  }
  return "";
}

}  // namespace

Fixture load_fixture(const std::filesystem::path& path) {
  const TorchSaveFile file(path);
  Fixture fixture;
  for (const auto& record : file.tensors()) fixture.emplace(record.name, to_tensor(record));
  return fixture;
}

std::string difference(const torch::Tensor& a, const torch::Tensor& b, double rtol, double atol) {
  if (a.sizes() != b.sizes()) {
    return fmt::format("shapes [{}] and [{}]", fmt::join(a.sizes(), ", "),
                       fmt::join(b.sizes(), ", "));
  }
  const auto x = a.to(torch::kDouble).flatten();
  const auto y = b.to(torch::kDouble).flatten();
  const auto excess = (x - y).abs() - (atol + rtol * y.abs());
  const auto worst = excess.nan_to_num(INFINITY).argmax().item<std::int64_t>();
  if (excess[worst].item<double>() <= 0) return "";
  return fmt::format("element {}: {} and {}", worst, x[worst].item<double>(),
                     y[worst].item<double>());
}

std::string first_difference(const NamedTensors& a, const NamedTensors& b) {
  if (a.size() != b.size()) return fmt::format("{} and {} tensors", a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].first != b[i].first || !a[i].second.equal(b[i].second)) return a[i].first;
  }
  return "";
}

NamedTensors copy_of_parameters(const torch::nn::Module& module) {
  auto parameters = parameters_of(module);
  for (auto& [name, parameter] : parameters) parameter = parameter.detach().clone();
  return parameters;
}

std::string gradient_difference(
    const std::function<torch::Tensor(const std::vector<torch::Tensor>&)>& function,
    std::vector<torch::Tensor> inputs) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    inputs[i] = inputs[i].detach().to(torch::kDouble).clone().requires_grad_();
    names.push_back(fmt::format("input {}", i));
  }
  return compare([&] { return function(inputs); }, inputs, names);
}

std::string parameter_gradient_difference(torch::nn::Module& module,
                                          const std::function<torch::Tensor()>& function) {
  module.to(torch::kDouble);
  module.zero_grad();
  std::vector<torch::Tensor> parameters;
  std::vector<std::string> names;
  for (const auto& item : module.named_parameters()) {
    parameters.push_back(item.value());
    names.push_back(item.key());
  }
  return compare(function, parameters, names);
}

}  // namespace minillama::test
