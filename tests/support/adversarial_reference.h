#pragma once

#include <memory>
#include <string>
#include <vector>

#include <torch/optim/sgd.h>

#include "minillama/model/language_model_file.h"
#include "minillama/train/training_step.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/reference_examples.h"
#include "support/tensors.h"
#include "support/threads.h"

namespace minillama::test {

/// What tests/reference/adversarial.py computed.
struct AdversarialReference {
  static constexpr std::uint64_t kSeed = 11;
  static constexpr double kRate = 0.02;

  AdversarialReference()
      : fixture(load_fixture(repository_file("tests/reference/adversarial.pt"))),
        examples(reference_examples(fixture)) {
    const auto weights = fixture.at("weights");
    for (std::int64_t i = 0; i < weights.size(0); ++i) {
      examples.weights.push_back(weights[i].item<double>());
    }
  }

  Classifier classifier(double dropout = 0) const {
    const auto base = read_language_model(repository_file("tests/reference/tiny_layernorm.pt"));
    Classifier model(base->llama,
                     ClassifierConfig{.label_names = {"a", "b", "c", "d", "e"},
                                      .pooling = PoolingKind::mean,
                                      .dropout = dropout},
                     make_generator(1));
    const torch::NoGradGuard no_grad;
    model->classifier_head->weight.copy_(fixture.at("classifier_head.weight"));
    model->classifier_head->bias.copy_(fixture.at("classifier_head.bias"));
    model->train();
    return model;
  }

  /// Two steps of the objective, which the script calls `name`, come to the same.
  void check(const std::string& name, const std::shared_ptr<Objective>& objective,
             std::int64_t n_threads) const {
    const Threads scope(n_threads);
    auto model = classifier();
    torch::optim::SGD optimizer(model->parameters(), kRate);
    const std::vector<std::size_t> all{0, 1, 2, 3, 4, 5};
    for (std::int64_t step = 0; step < 2; ++step) {
      const double loss = training_step(model, optimizer, examples, all, 6, objective);
      CHECK(loss == Approx(fixture.at(name + ".losses")[step].item<double>()).epsilon(1e-4));
    }
    for (const auto& [parameter, tensor] : parameters_of(*model)) {
      INFO(parameter);
      const auto expected = fixture.at(name + ".grad." + parameter);
      CHECK(((tensor.grad() - expected).norm() / expected.norm()).item<double>() <= 1e-3);
    }
  }

  Fixture fixture;
  Examples examples;
};

}  // namespace minillama::test
