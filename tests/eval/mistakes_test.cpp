#include "minillama/eval/mistakes.h"

#include "support/catch.h"
#include "support/option_error.h"

using namespace minillama;

TEST_CASE("mistakes: the surest wrong answers, in the order of the file where they are as sure") {
  using Numbers = std::vector<std::size_t>;
  const std::vector<Prediction> predictions{{.label = 0, .probabilities = {0.9, 0.1}},   // right
                                            {.label = 1, .probabilities = {0.3, 0.7}},   // wrong
                                            {.label = 0, .probabilities = {0.8, 0.2}},   // wrong
                                            {.label = 1, .probabilities = {0.3, 0.7}},   // wrong
                                            {.label = 0, .probabilities = {0.6, 0.4}}};  // wrong
  const std::vector<std::int64_t> labels{0, 0, 1, 0, 1};
  CHECK(surest_mistakes(predictions, labels) == Numbers{2, 1, 3, 4});
  CHECK(surest_mistakes(predictions, labels, 2) == Numbers{2, 1});
  CHECK(surest_mistakes(predictions, labels, 0).empty());
  CHECK(surest_mistakes(predictions, std::vector<std::int64_t>{0, 1, 0, 1, 0}).empty());
  CHECK(surest_mistakes({}, {}).empty());
  CHECK(test::option_error([&] { surest_mistakes(predictions, {}); }) ==
        "the number of labels is 0, must be that of the predictions, 5");
}
