#include "minillama/eval/interval.h"

#include <cmath>

#include "support/catch.h"
#include "support/option_error.h"

using namespace minillama;

TEST_CASE("interval: Wilson's, as published") {
  // Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
  struct Row {
    std::int64_t successes, trials;
    double low, high;
  };
  for (const auto& [successes, trials, low, high] : {Row{81, 263, 0.2553, 0.3662},
                                                     {15, 148, 0.0624, 0.1605},
                                                     {0, 20, 0, 0.1611},
                                                     {1, 29, 0.0061, 0.1718}}) {
    CAPTURE(successes, trials);
    const auto interval = wilson_interval(successes, trials);
    CHECK(interval.low == Approx(low).margin(5e-5));
    CHECK(interval.high == Approx(high).margin(5e-5));
    // What fails is the other share.
    const auto other = wilson_interval(trials - successes, trials);
    CHECK(other.low == Approx(1 - interval.high));
    CHECK(other.high == Approx(1 - interval.low));
  }
}

TEST_CASE("interval: Wilson's ends lie 1.96 standard errors from the share, and at its limits") {
  for (const std::int64_t successes : {1, 37, 524, 1100}) {
    const double share = static_cast<double>(successes) / 1101;
    const auto [low, high] = wilson_interval(successes, 1101);
    CHECK(low < share);
    CHECK(high > share);
    for (const double p : {low, high}) {
      CHECK(std::abs(share - p) == Approx(1.959964 * std::sqrt(p * (1 - p) / 1101)).epsilon(1e-6));
    }
  }
  CHECK(wilson_interval(0, 3).low == 0);
  CHECK(wilson_interval(3, 3).high == 1);
  CHECK(wilson_interval(1, 1).low == Approx(0.2065).margin(5e-5));
  CHECK(wilson_interval(0, 0).low == 0);
  CHECK(wilson_interval(0, 0).high == 1);
  CHECK(test::option_error([] { wilson_interval(0, -1); }) ==
        "the number of trials is -1, must be at least 0");
  CHECK(test::option_error([] { wilson_interval(-1, 2); }) ==
        "the number of successes is -1, must lie between 0 and the number of trials, 2");
  CHECK(test::option_error([] { wilson_interval(3, 2); }) ==
        "the number of successes is 3, must lie between 0 and the number of trials, 2");
}
