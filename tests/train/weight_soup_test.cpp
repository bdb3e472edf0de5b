#include "minillama/train/weight_soup.h"

#include "minillama/core/error.h"

#include "support/catch.h"
#include "support/fine_tuning_run.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

/// A classifier that was trained, from the same start but for the head.
Classifier trained(std::uint64_t seed, bool lora) {
  test::FineTuningSettings settings;
  settings.options.epochs = 1;
  const auto start = make_generator(1);
  Llama llama(settings.model, start);
  const auto generator = make_generator(seed);
  if (lora) add_adapter(llama, "x", settings.lora, generator);
  Classifier model(llama, settings.classifier, generator);
  if (lora) train_only_adapter(llama, "x");
  FineTuning run(model, test::random_examples(50, 1), test::random_examples(30, 2),
                 settings.options, generator);
  run.run();
  return model;
}

/// Its weights without adapters.
NamedTensors absorbed(Classifier model) {
  absorb_adapter(model->llama);
  return test::copy_of_parameters(*model);
}

}  // namespace

TEST_CASE("weight soup: has the mean of all weights, those of adapters among them") {
  for (const bool lora : {false, true}) {
    std::vector<NamedTensors> single;
    for (const std::uint64_t seed : {2, 3, 4}) single.push_back(absorbed(trained(seed, lora)));
    auto model = trained(2, lora);
    WeightSoup soup(model);
    CHECK(test::first_difference(parameters_of(*model), single[0]) == "");
    soup.add(trained(3, lora));
    const auto of_two = test::copy_of_parameters(*model);
    soup.add(trained(4, lora));
    CHECK(soup.n_ingredients() == 3);
    const auto now = parameters_of(*model);
    for (std::size_t i = 0; i < now.size(); ++i) {
      INFO(now[i].first);
      const auto mean = (single[0][i].second + single[1][i].second + single[2][i].second) / 3;
      CHECK(test::difference(now[i].second, mean, 1e-5, 1e-7) == "");
    }
    soup.take_back();
    CHECK(soup.n_ingredients() == 2);
    CHECK(test::first_difference(parameters_of(*model), of_two) == "");
    CHECK_THROWS_AS(soup.take_back(), OptionError);
  }
}

TEST_CASE("weight soup: classifiers of other models or tasks are refused, and change nothing") {
  auto model = trained(2, false);
  WeightSoup soup(model);
  const auto before = test::copy_of_parameters(*model);
  const auto refuse = [&](const test::FineTuningSettings& settings, const std::string& message) {
    const auto other = test::FineTuningRun::make_model(false, settings, make_generator(5));
    CHECK_THROWS_WITH(soup.add(other), contains(message));
  };
  test::FineTuningSettings settings;
  settings.classifier.label_names = {"even", "odd"};
  refuse(settings, "other labels");
  settings = {};
  settings.classifier.pooling = PoolingKind::last;
  refuse(settings, "other poolings");
  settings = {};
  settings.classifier.sentence_template = "{sentence} ?";
  refuse(settings, "other templates");
  settings = {};
  settings.model.vocab_size += 1;
  refuse(settings, "of other models: \"llama.tok_embeddings.weight\"");
  settings = {};
  settings.model.n_layers += 1;
  refuse(settings, "the number of an ingredient's weights is");
  CHECK(test::first_difference(parameters_of(*model), before) == "");
  CHECK_THROWS_AS(soup.add(Classifier(nullptr)), OptionError);
  CHECK_THROWS_AS(WeightSoup(Classifier(nullptr)), OptionError);
}
