#include "minillama/train/training_passes.h"

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/small_model.h"
#include "support/tensors.h"
#include "support/threads.h"

using namespace minillama;

namespace {

Classifier classifier(double dropout) {
  auto config = test::small_config();
  config.dropout = dropout;
  Classifier model(Llama(config, make_generator(1)),
                   ClassifierConfig{.label_names = {"a", "b", "c"}, .dropout = dropout},
                   make_generator(2));
  model->to(torch::kDouble);
  const torch::NoGradGuard no_grad;
  for (auto& parameter : model->parameters()) parameter.mul_(3);
  model->train();
  return model;
}

ClassifierInput input() {
  return classifier_input(std::vector<TokenIds>{{1, 2, 3}, {4}, {5, 6, 9, 1, 2}}, PoolingKind::mean,
                          0);
}

torch::Tensor scalar_of(TrainingPasses& passes, const torch::Tensor& perturbation) {
  const auto logits = passes.classify(passes.pooled(perturbation));
  return (logits.log_softmax(-1) * torch::arange(9, logits.options()).view({3, 3})).sum();
}

}  // namespace

TEST_CASE("training_passes: gradients of a perturbation agree with finite differences") {
  using Reach = TrainingPasses::Reach;
  for (const std::int64_t n_threads : {1, 2}) {
    const test::Threads scope(n_threads);
    auto model = classifier(0.3);  // masks that are the same in all passes
    TrainingPasses passes(model, input());
    const auto dim = model->llama->config().dim;
    const auto at = 0.1 * torch::randn({9, dim}, make_generator(4), torch::kDouble);
    const auto gradient = passes.perturbation_gradient(scalar_of(passes, at), Reach::perturbation);
    for (const auto& parameter : model->parameters()) CHECK_FALSE(parameter.grad().defined());
    const torch::NoGradGuard no_grad;
    for (const auto& [token, feature] : std::vector<std::pair<int, int>>{{0, 1}, {3, 0}, {8, 5}}) {
      INFO("token " << token << ", feature " << feature);
      const double h = 1e-6;
      auto up = at.clone();
      up[token][feature] += h;
      auto down = at.clone();
      down[token][feature] -= h;
      const double slope =
          (scalar_of(passes, up) - scalar_of(passes, down)).item<double>() / (2 * h);
      CHECK(gradient[token][feature].item<double>() == Approx(slope).epsilon(1e-6).margin(1e-8));
    }
  }
}

TEST_CASE("training_passes: parameters get the same gradients on either way") {
  using Reach = TrainingPasses::Reach;
  const auto gradients = [](bool by_perturbation) {
    auto model = classifier(0);
    TrainingPasses passes(model, input());
    const auto zeros = torch::zeros({9, model->llama->config().dim}, torch::kDouble);
    const auto loss = scalar_of(passes, by_perturbation ? zeros : torch::Tensor());
    if (by_perturbation) {
      passes.perturbation_gradient(loss, Reach::parameters_too);
    } else {
      loss.backward();
    }
    passes.backward();
    NamedTensors all;
    for (const auto& [name, parameter] : parameters_of(*model)) {
      all.emplace_back(name, parameter.grad());
    }
    return all;
  };
  const auto plain = gradients(false);
  const auto perturbed = gradients(true);
  REQUIRE(plain.size() == perturbed.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    INFO(plain[i].first);
    CHECK(test::difference(plain[i].second, perturbed[i].second, 1e-9, 1e-12) == "");
  }
}

TEST_CASE("training_passes: what makes no sense is refused") {
  using Reach = TrainingPasses::Reach;
  auto model = classifier(0);
  TrainingPasses passes(model, input());
  CHECK_THROWS_AS(passes.pooled(torch::zeros({8, model->llama->config().dim})), OptionError);
  const auto loss = passes.classify(passes.pooled()).sum();
  CHECK_THROWS_WITH(passes.perturbation_gradient(loss, Reach::perturbation),
                    "the gradient of a perturbation where there is none");
}
