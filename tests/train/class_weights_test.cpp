#include "minillama/train/class_weights.h"

#include "minillama/core/error.h"

#include "support/catch.h"

using namespace minillama;

TEST_CASE("class weights: balanced ones make all labels that occur count alike") {
  const std::vector<std::int64_t> labels{0, 0, 0, 2, 0, 2};
  // scikit-learn's compute_class_weight("balanced"): n / (K count)
  CHECK(balanced_class_weights(labels, 4) == std::vector<double>{6. / (2 * 4), 1, 6. / (2 * 2), 1});
  CHECK_THROWS_AS(balanced_class_weights(labels, 2), OptionError);
}

TEST_CASE("class weights: multiply what examples count") {
  Examples examples{.ids = {{1}, {2}, {3}}, .labels = {1, 0, 1}};
  weigh_classes(examples, std::vector<double>{2, 0.5});
  CHECK(examples.weights == std::vector<double>{0.5, 2, 0.5});
  weigh_classes(examples, std::vector<double>{3, 1});
  CHECK(examples.weights == std::vector<double>{0.5, 6, 0.5});
  CHECK_THROWS_WITH(weigh_classes(examples, std::vector<double>{1, 0}), contains("weight is 0"));
  CHECK_THROWS_AS(weigh_classes(examples, std::vector<double>{1}), OptionError);
  CHECK(examples.weights == std::vector<double>{0.5, 6, 0.5});
}
