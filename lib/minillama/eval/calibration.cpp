#include "minillama/eval/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/require.h"

namespace minillama {
namespace {

constexpr double kLowest = 0.05;
constexpr double kHighest = 20;

void check(std::span<const Prediction> predictions, std::span<const std::int64_t> labels) {
  if (predictions.empty() || predictions.size() != labels.size()) {
    throw OptionError(
        fmt::format("{} labels for {} predictions: as many are needed, and one at "
                    "least",
                    labels.size(), predictions.size()));
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    require_below(labels[i], "an example's label", predictions[i].probabilities.size());
  }
}

/// The logarithm; of a probability that was rounded to 0, that of the smallest there is.
double log_of(double probability) {
  return std::log(std::max(probability, std::numeric_limits<double>::min()));
}

/// By how much, on average, the log-probability of the targets falls short of what is expected
/// under the prediction at inverse temperature b: the derivative of their mean loss by b.
double slope(std::span<const Prediction> predictions, std::span<const std::int64_t> labels,
             double b) {
  double sum = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto at = with_temperature(predictions[i], 1 / b);
    const auto n_labels = at.probabilities.size();
    const auto share = 1 / static_cast<double>(labels.size() + n_labels);
    for (std::size_t l = 0; l < n_labels; ++l) {
      const bool is_label = std::cmp_equal(l, labels[i]);
      const double target = is_label ? static_cast<double>(labels.size() + 1) * share : share;
      sum += (at.probabilities[l] - target) * log_of(predictions[i].probabilities[l]);
    }
  }
  return sum / static_cast<double>(labels.size());
}

}  // namespace

std::vector<ReliabilityBin> reliability(std::span<const Prediction> predictions,
                                        std::span<const std::int64_t> labels, std::int64_t n_bins) {
  check(predictions, labels);
  require(n_bins >= 1, "the number of bins", n_bins, "be at least 1");
  const auto n = static_cast<double>(n_bins);
  std::vector<ReliabilityBin> bins(static_cast<std::size_t>(n_bins));
  for (std::size_t i = 0; i < bins.size(); ++i) {
    bins[i].low = static_cast<double>(i) / n;
    bins[i].high = static_cast<double>(i + 1) / n;
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto label = static_cast<std::size_t>(predictions[i].label);
    const double probability = predictions[i].probabilities[label];
    const auto place = std::ranges::lower_bound(bins, probability, {}, &ReliabilityBin::high);
    auto& bin = place == bins.end() ? bins.back() : *place;
    ++bin.count;
    bin.probability += probability;
    bin.accuracy += predictions[i].label == labels[i] ? 1 : 0;
  }
  for (auto& bin : bins) {
    if (bin.count == 0) continue;
    bin.probability /= static_cast<double>(bin.count);
    bin.accuracy /= static_cast<double>(bin.count);
  }
  return bins;
}

double expected_calibration_error(std::span<const ReliabilityBin> bins) {
  double sum = 0;
  double count = 0;
  for (const auto& bin : bins) {
    sum += static_cast<double>(bin.count) * std::abs(bin.accuracy - bin.probability);
    count += static_cast<double>(bin.count);
  }
  return count == 0 ? 0 : sum / count;
}

double fit_temperature(std::span<const Prediction> predictions,
                       std::span<const std::int64_t> labels) {
  check(predictions, labels);
  // The loss is convex in the inverse temperature: its slope crosses 0 once.
  double low = 1 / kHighest;
  double high = 1 / kLowest;
  const double at_low = slope(predictions, labels, low);
  const double at_high = slope(predictions, labels, high);
  if (at_low == 0 && at_high == 0) return 1;
  if (at_low >= 0) return kHighest;
  if (at_high <= 0) return kLowest;
  while (high / low > 1 + 1e-9) {
    const double middle = std::sqrt(low * high);
    (slope(predictions, labels, middle) < 0 ? low : high) = middle;
  }
  return 1 / std::sqrt(low * high);
}

Prediction with_temperature(Prediction prediction, double temperature) {
  require(std::isfinite(temperature) && temperature > 0, "temperature", temperature, "be positive");
  if (temperature == 1) return prediction;
  const double most = log_of(std::ranges::max(prediction.probabilities));
  double sum = 0;
  for (auto& probability : prediction.probabilities) {
    probability = std::exp((log_of(probability) - most) / temperature);
    sum += probability;
  }
  for (auto& probability : prediction.probabilities) probability /= sum;
  return prediction;
}

}  // namespace minillama
