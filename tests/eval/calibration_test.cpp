#include "minillama/eval/calibration.h"

#include <cmath>
#include <numeric>
#include <random>
#include <utility>

#include "minillama/core/error.h"

#include "support/catch.h"

using namespace minillama;

namespace {

/// A prediction of two labels, of which the first is said to have that probability.
Prediction of(double probability) {
  return to_prediction({std::log(probability), std::log(1 - probability)});
}

double loss(std::span<const Prediction> predictions, std::span<const std::int64_t> labels,
            double temperature) {
  double sum = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto at = with_temperature(predictions[i], temperature);
    const auto n_labels = at.probabilities.size();
    for (std::size_t l = 0; l < n_labels; ++l) {
      const auto count = std::cmp_equal(l, labels[i]) ? labels.size() + 1 : 1;
      sum -= static_cast<double>(count) / static_cast<double>(labels.size() + n_labels) *
             std::log(at.probabilities[l]);
    }
  }
  return sum;
}

}  // namespace

TEST_CASE("calibration: the reliability diagram and its error, by hand") {
  // Said 0.9 three times and right twice; 0.6 twice and right once; 0.75 once, in the second half.
  const std::vector<Prediction> predictions{of(0.9), of(0.9), of(0.1), of(0.6), of(0.4), of(0.75)};
  const std::vector<std::int64_t> labels{0, 1, 1, 0, 0, 0};
  const auto bins = reliability(predictions, labels, 4);
  REQUIRE(bins.size() == 4);
  CHECK(bins[0] == ReliabilityBin{0, 0.25, 0, 0, 0});
  CHECK(bins[1].count == 0);
  CHECK(bins[2].low == 0.5);
  CHECK(bins[2].high == 0.75);
  CHECK(bins[2].count == 3);  // a probability on the border belongs below
  CHECK(bins[2].probability == Approx((0.6 + 0.6 + 0.75) / 3));
  CHECK(bins[2].accuracy == Approx(2. / 3));
  CHECK(bins[3].count == 3);
  CHECK(bins[3].probability == Approx(0.9));
  CHECK(bins[3].accuracy == Approx(2. / 3));
  const double expected = 0.5 * std::abs(2. / 3 - 0.65) + 0.5 * std::abs(2. / 3 - 0.9);
  CHECK(expected_calibration_error(bins) == Approx(expected));
  CHECK(expected_calibration_error({}) == 0);
}

TEST_CASE("calibration: the temperature makes the labels most probable") {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  std::vector<Prediction> predictions;
  std::vector<std::int64_t> labels;
  for (int i = 0; i < 400; ++i) {
    std::vector<double> scores{normal(random), normal(random), normal(random)};
    const auto truth = to_prediction(scores).probabilities;
    for (auto& score : scores) score *= 2.5;  // too sure by that much
    predictions.push_back(to_prediction(scores));
    std::discrete_distribution<std::int64_t> draw(truth.begin(), truth.end());
    labels.push_back(draw(random));
  }
  const double temperature = fit_temperature(predictions, labels);
  CHECK(temperature > 2);
  CHECK(temperature < 3.2);
  const double best = loss(predictions, labels, temperature);
  for (const double other : {0.97, 0.99, 1.01, 1.03}) {
    CHECK(loss(predictions, labels, temperature * other) > best);
  }
  auto calibrated = predictions;
  for (auto& prediction : calibrated) prediction = with_temperature(prediction, temperature);
  CHECK(expected_calibration_error(reliability(calibrated, labels)) <
        expected_calibration_error(reliability(predictions, labels)) / 2);
  CHECK(fit_temperature(calibrated, labels) == Approx(1).epsilon(1e-6));
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    CHECK(calibrated[i].label == predictions[i].label);
    const auto& p = calibrated[i].probabilities;
    CHECK(std::accumulate(p.begin(), p.end(), 0.0) == Approx(1).epsilon(1e-12));
  }
}

TEST_CASE("calibration: at its limits") {
  const std::vector<Prediction> sure{of(0.8), of(0.7)};
  // Two that are right say three in four, not everything.
  const std::vector<Prediction> alike{of(0.9), of(0.9)};
  const double temperature = fit_temperature(alike, std::vector<std::int64_t>{0, 0});
  CHECK(with_temperature(alike[0], temperature).probabilities[0] == Approx(0.75).epsilon(1e-6));
  CHECK(fit_temperature(sure, std::vector<std::int64_t>{1, 1}) == Approx(20));  // never right
  const std::vector<Prediction> even{of(0.5), of(0.5)};
  CHECK(fit_temperature(even, std::vector<std::int64_t>{0, 1}) == 1);
  // Probabilities that were rounded to 0 stay numbers.
  const auto certain = to_prediction({0, -2000});
  REQUIRE(certain.probabilities[1] == 0);
  const auto cooled = with_temperature(certain, 1000);
  CHECK(cooled.probabilities[1] > 0);
  CHECK(std::isfinite(cooled.probabilities[0]));
  CHECK(with_temperature(of(0.8), 1).probabilities == of(0.8).probabilities);

  CHECK_THROWS_AS(with_temperature(of(0.8), 0), OptionError);
  CHECK_THROWS_AS(with_temperature(of(0.8), std::nan("")), OptionError);
  CHECK_THROWS_AS(reliability(sure, std::vector<std::int64_t>{0}), OptionError);
  CHECK_THROWS_AS(reliability(sure, std::vector<std::int64_t>{0, 2}), OptionError);
  CHECK_THROWS_AS(reliability(sure, std::vector<std::int64_t>{0, 1}, 0), OptionError);
  CHECK_THROWS_AS(fit_temperature({}, {}), OptionError);
}
