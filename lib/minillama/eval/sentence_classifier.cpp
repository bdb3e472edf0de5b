#include "minillama/eval/sentence_classifier.h"

#include <algorithm>
#include <cmath>

#include "minillama/core/error.h"

namespace minillama {

Prediction to_prediction(const std::vector<double>& scores) {
  if (scores.empty()) throw OptionError("there are no scores to choose a label by");
  // Of scores that are no numbers, some label would still come out as the largest.
  if (std::ranges::any_of(scores, [](double score) { return !std::isfinite(score); })) {
    throw InputError("the scores of the labels are not finite: the model's weights are broken");
  }
  const auto best = std::ranges::max_element(scores);
  Prediction prediction{.label = best - scores.begin()};
  double sum = 0;
  for (const double score : scores) sum += std::exp(score - *best);
  for (const double score : scores) {
    prediction.probabilities.push_back(std::exp(score - *best) / sum);
  }
  return prediction;
}

Classification SentenceClassifier::classify(const std::string& sentence) const {
  const auto prediction = classify(std::span(&sentence, 1)).front();
  const auto label = static_cast<std::size_t>(prediction.label);
  return {prediction.label, label_names()[label], prediction.probabilities[label]};
}

}  // namespace minillama
