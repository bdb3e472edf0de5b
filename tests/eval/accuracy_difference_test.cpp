#include "minillama/eval/accuracy_difference.h"

#include <array>
#include <cmath>
#include <vector>

#include "support/catch.h"
#include "support/option_error.h"

using namespace minillama;

namespace {

using Labels = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("accuracy difference: of four texts, as in all their 256 resamples") {
  const Labels labels{0, 1, 2, 0};
  const Labels predicted{0, 1, 0, 1};  // right, right, wrong, wrong
  const Labels others{1, 1, 2, 2};     // wrong, right, right, wrong
  const std::array gains{1, 0, -1, 0};
  int n_not_above = 0;
  for (int sample = 0; sample < 256; ++sample) {
    int gain = 0;
    for (int place = 0; place < 4; ++place) {
      gain += gains[static_cast<std::size_t>(sample >> (2 * place) & 3)];
    }
    n_not_above += gain <= 0 ? 1 : 0;
  }
  const auto difference = accuracy_difference(predicted, others, labels, Bootstrap(4, 100000));
  CHECK(difference.value == 0);
  // The share of 100000 resamples deviates by 0.0016.
  CHECK(difference.p_value == Approx(n_not_above / 256.0).margin(0.008));
  CHECK(difference.interval.low == -0.75);
  CHECK(difference.interval.high == 0.75);
}

TEST_CASE("accuracy difference: of many texts, its interval and p are those of a normal one") {
  constexpr std::size_t kTexts = 1000;
  Labels labels(kTexts, 0), predicted(kTexts, 0), others(kTexts, 0);
  for (std::size_t i = 0; i < kTexts; ++i) {
    if (i < 400) predicted[i] = others[i] = 1;  // neither is right
    if (i >= 400 && i < 460) predicted[i] = 2;  // the others alone are
    if (i >= 460 && i < 545) others[i] = 2;     // these alone are
  }
  const auto [value, interval, p] =
      accuracy_difference(predicted, others, labels, Bootstrap(kTexts, 20000));
  CHECK(value == Approx(0.025));
  // 60 and 85 differ; the variance of a gain is its mean square less its squared mean.
  const double error = std::sqrt((0.145 - 0.025 * 0.025) / kTexts);
  CHECK(interval.low == Approx(0.025 - 1.96 * error).margin(0.06 * error));
  CHECK(interval.high == Approx(0.025 + 1.96 * error).margin(0.06 * error));
  // Counts are whole: half a text more is not above 0 either.
  CHECK(p == Approx(std::erfc((0.025 - 0.0005) / error / std::sqrt(2)) / 2).margin(0.004));
  // The other way round all is mirrored, but for the resamples without a difference.
  const auto mirrored = accuracy_difference(others, predicted, labels, Bootstrap(kTexts, 20000));
  CHECK(mirrored.value == -value);
  CHECK(mirrored.interval.low == Approx(-interval.high));
  CHECK(mirrored.p_value > 1 - p);
  CHECK(mirrored.p_value < 1 - p + 0.01);
}

TEST_CASE("accuracy difference: of equal and of always better predictions, and of wrong numbers") {
  const Labels labels{0, 1, 0}, wrong{1, 0, 1}, two{0, 1};
  const Bootstrap bootstrap(3);
  const auto equal = accuracy_difference(wrong, wrong, labels, bootstrap);
  CHECK(equal.value == 0);
  CHECK(equal.interval.low == 0);
  CHECK(equal.interval.high == 0);
  CHECK(equal.p_value == 1);
  const auto better = accuracy_difference(labels, wrong, labels, bootstrap);
  CHECK(better.value == 1);
  CHECK(better.p_value == 0);
  CHECK(accuracy_difference(wrong, labels, labels, bootstrap).p_value == 1);

  CHECK(test::option_error([&] { accuracy_difference(two, wrong, labels, bootstrap); }) ==
        "the number of predictions is 2, must be what the bootstrap draws from, 3");
  CHECK(test::option_error([&] { accuracy_difference(wrong, two, labels, bootstrap); }) ==
        "the number of other predictions is 2, must be what the bootstrap draws from, 3");
  CHECK(test::option_error([&] { accuracy_difference(wrong, wrong, two, bootstrap); }) ==
        "the number of labels is 2, must be what the bootstrap draws from, 3");
}
