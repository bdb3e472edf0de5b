#include "minillama/eval/confusion_matrix.h"

#include "support/catch.h"

using namespace minillama;

TEST_CASE("confusion matrix: counts, accuracy and F1") {
  // truth:      0 0 0 1 1 2 2 2 2
  // prediction: 0 0 1 1 2 2 2 0 2
  const std::vector<std::pair<int, int>> pairs{{0, 0}, {0, 0}, {0, 1}, {1, 1}, {1, 2},
                                               {2, 2}, {2, 2}, {2, 0}, {2, 2}};
  ConfusionMatrix matrix(3);
  for (const auto& [truth, predicted] : pairs) matrix.add(truth, predicted);
  CHECK(matrix.total() == 9);
  CHECK(matrix.count(0, 0) == 2);
  CHECK(matrix.count(2, 0) == 1);
  CHECK(matrix.count(0, 2) == 0);
  CHECK(matrix.n_right() == 6);
  CHECK(matrix.accuracy() == Approx(6.0 / 9));
  CHECK(matrix.f1(0) == Approx(4.0 / 6));  // precision 2/3, recall 2/3
  CHECK(matrix.f1(1) == Approx(2.0 / 4));  // precision 1/2, recall 1/2
  CHECK(matrix.f1(2) == Approx(6.0 / 8));  // precision 3/4, recall 3/4
  CHECK(matrix.macro_f1() == Approx((4.0 / 6 + 2.0 / 4 + 6.0 / 8) / 3));
}

TEST_CASE("confusion matrix: a label that never occurs does not count in the macro F1") {
  ConfusionMatrix matrix(5);
  matrix.add(0, 0);
  matrix.add(1, 1);
  matrix.add(1, 2);  // predicted only: F1 0, but it counts
  CHECK(matrix.macro_f1() == Approx((1 + 2.0 / 3 + 0) / 3));
  CHECK(matrix.f1(4) == 0);
  CHECK(matrix.precision(4) == 0);
  CHECK(matrix.recall(4) == 0);
  CHECK(matrix.support(4) == 0);
  CHECK(matrix.precision(2) == 0);
  CHECK(matrix.recall(2) == 0);  // of nothing
}

TEST_CASE("confusion matrix: precision, recall and support of a label") {
  // truth:      0 0 0 0 1 1 2
  // prediction: 0 1 1 2 1 1 0
  ConfusionMatrix matrix(4);
  for (const auto& [truth, predicted] :
       std::vector<std::pair<int, int>>{{0, 0}, {0, 1}, {0, 1}, {0, 2}, {1, 1}, {1, 1}, {2, 0}}) {
    matrix.add(truth, predicted);
  }
  CHECK(matrix.precision(0) == Approx(1.0 / 2));
  CHECK(matrix.recall(0) == Approx(1.0 / 4));
  CHECK(matrix.f1(0) == Approx(2.0 / 6));
  CHECK(matrix.support(0) == 4);
  CHECK(matrix.precision(1) == Approx(2.0 / 4));
  CHECK(matrix.recall(1) == 1);
  CHECK(matrix.f1(1) == Approx(4.0 / 6));
  CHECK(matrix.support(1) == 2);
  CHECK(matrix.precision(2) == 0);
  CHECK(matrix.recall(2) == 0);
  CHECK(matrix.support(2) == 1);
}

TEST_CASE("confusion matrix: empty") {
  const ConfusionMatrix matrix(2);
  CHECK(matrix.accuracy() == 0);
  CHECK(matrix.macro_f1() == 0);
}
