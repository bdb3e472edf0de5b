#include "minillama/core/random.h"

#include "support/catch.h"

using namespace minillama;

TEST_CASE("the same seed gives the same numbers, another seed others") {
  auto a = make_generator(7);
  auto b = make_generator(7);
  auto c = make_generator(8);
  const auto numbers = torch::rand({100}, a);
  CHECK(numbers.equal(torch::rand({100}, b)));
  CHECK_FALSE(numbers.equal(torch::rand({100}, c)));
}
