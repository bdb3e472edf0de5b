#include "minillama/train/smart.h"

#include <cmath>
#include <limits>

#include "minillama/core/error.h"
#include "minillama/train/fine_tuning.h"

#include "support/adversarial_reference.h"
#include "support/fine_tuning_run.h"

using namespace minillama;

namespace {

const SmartOptions kReference{.weight = 2,
                              .radius = 0.12,
                              .noise = 0.05,
                              .step_size = 0.1,
                              .steps = 2,
                              .proximal = 3,
                              .momentum = 0.75,
                              .seed = test::AdversarialReference::kSeed};

double loss_of(const test::AdversarialReference& reference, const SmartOptions& options,
               double dropout = 0) {
  auto model = reference.classifier(dropout);
  return training_gradient(model, reference.examples, std::vector<std::size_t>{0, 1, 2, 3}, 4,
                           smart(options));
}

}  // namespace

TEST_CASE("smart: losses and gradients of two steps are those of the paper's formula") {
  const test::AdversarialReference reference;
  for (const std::int64_t n_threads : {1, 2})
    reference.check("smart", smart(kReference), n_threads);
}

TEST_CASE("smart: without its terms it is the cross-entropy, and so it is where nothing moves") {
  const test::AdversarialReference reference;
  auto model = reference.classifier();
  const double plain =
      training_gradient(model, reference.examples, std::vector<std::size_t>{0, 1, 2, 3}, 4);
  auto none = kReference;
  none.weight = none.proximal = 0;
  CHECK(loss_of(reference, none) == plain);
  auto still = kReference;
  still.radius = 0;
  CHECK(loss_of(reference, still) == Approx(plain).epsilon(1e-6));
  CHECK(loss_of(reference, kReference) > 1.01 * plain);
  // A wider search finds more.
  auto wider = kReference;
  wider.radius = 0.2;
  wider.step_size = 0.2;
  CHECK(loss_of(reference, wider) > loss_of(reference, kReference));
}

TEST_CASE("smart: passes of a step have the same dropout masks, so that nothing moved is nothing") {
  const test::AdversarialReference reference;
  auto still = kReference;
  still.radius = 0;
  auto none = kReference;
  none.weight = none.proximal = 0;
  CHECK(loss_of(reference, still, 0.5) == Approx(loss_of(reference, none, 0.5)).epsilon(1e-6));
}

TEST_CASE("smart: a run that is stopped and resumed ends with the same bits") {
  for (const bool lora : {false, true}) {
    const auto make = [&] {
      const test::FineTuningSettings settings;
      auto generator = make_generator(settings.seed);
      auto model = test::FineTuningRun::make_model(lora, settings, generator);
      return std::pair(model,
                       FineTuning(model, test::random_examples(50, 1), test::random_examples(30, 2),
                                  settings.options, generator, smart(kReference)));
    };
    auto [whole, uninterrupted] = make();
    uninterrupted.run();
    const test::TemporaryDirectory directory;
    const auto state = directory.path() / "state.safetensors";
    {
      auto [unused, stopped] = make();
      stopped.keep_state(state, false);
      std::int64_t steps = 0;
      stopped.run({.should_stop = [&] { return ++steps == 9; }});
    }
    auto [again, resumed] = make();
    resumed.keep_state(state, true);
    resumed.run();
    CHECK(test::first_difference(parameters_of(*again), parameters_of(*whole)) == "");
  }
}

TEST_CASE("smart: options that cannot be used are refused by name") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH(smart({.weight = -1}), "SMART's weight is -1, must be 0 or positive");
  CHECK_THROWS_WITH(smart({.radius = nan}), "SMART's radius is nan, must be 0 or positive");
  CHECK_THROWS_WITH(smart({.noise = -2}), "SMART's noise is -2, must be 0 or positive");
  CHECK_THROWS_WITH(smart({.step_size = -1}), "SMART's step size is -1, must be 0 or positive");
  CHECK_THROWS_WITH(smart({.steps = -1}), "SMART's steps is -1, must be 0 or positive");
  CHECK_THROWS_WITH(smart({.proximal = -1}),
                    "SMART's proximal weight is -1, must be 0 or positive");
  CHECK_THROWS_WITH(smart({.momentum = 1}), "SMART's momentum is 1, must lie in (0, 1)");
}
