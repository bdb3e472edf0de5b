#include "minillama/train/free_lb.h"

#include "minillama/core/error.h"

#include "support/adversarial_reference.h"

using namespace minillama;

namespace {

const FreeLbOptions kReference{
    .steps = 3, .step_size = 0.2, .radius = 0.3, .seed = test::AdversarialReference::kSeed};

double loss_of(const test::AdversarialReference& reference,
               const std::shared_ptr<Objective>& objective) {
  auto model = reference.classifier();
  return training_gradient(model, reference.examples, std::vector<std::size_t>{0, 1, 2, 3}, 4,
                           objective);
}

}  // namespace

TEST_CASE("free_lb: losses and gradients of two steps are those of the paper's algorithm") {
  const test::AdversarialReference reference;
  for (const std::int64_t n_threads : {1, 2}) {
    reference.check("free_lb", free_lb(kReference), n_threads);
  }
}

TEST_CASE("free_lb: the smaller the radius, the nearer the cross-entropy") {
  const test::AdversarialReference reference;
  const double plain = loss_of(reference, cross_entropy());
  CHECK(loss_of(reference, free_lb({.steps = 1, .radius = 1e-7})) == Approx(plain).epsilon(1e-5));
  CHECK(loss_of(reference, free_lb({.steps = 3, .radius = 1e-7})) == Approx(plain).epsilon(1e-5));
  CHECK(loss_of(reference, free_lb(kReference)) > 1.005 * plain);
}

TEST_CASE("free_lb: options that cannot be used are refused by name") {
  CHECK_THROWS_WITH(free_lb({.steps = 0}), "FreeLB's steps is 0, must be at least 1");
  CHECK_THROWS_WITH(free_lb({.step_size = -1}), "FreeLB's step size is -1, must be 0 or positive");
  CHECK_THROWS_WITH(free_lb({.radius = 0}), "FreeLB's radius is 0, must be positive");
}
