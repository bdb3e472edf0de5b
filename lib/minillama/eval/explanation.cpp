#include "minillama/eval/explanation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "minillama/core/require.h"

namespace minillama {
namespace {

/// The text without its i-th word and the white space on one side of it.
std::string without(const std::string& text, const std::vector<TextWord>& words, std::size_t i) {
  const auto begin = i > 0 ? words[i - 1].end : words[i].begin;
  const auto end = i > 0 || words.size() == 1 ? words[i].end : words[i + 1].begin;
  return std::string(text).erase(begin, end - begin);
}

/// The logarithm; of a probability that was rounded to 0, that of the smallest there is.
double bounded_log(double probability) {
  return std::log(std::max(probability, std::numeric_limits<double>::min()));
}

}  // namespace

double log_odds(const Prediction& prediction, std::int64_t label) {
  const auto& probabilities = prediction.probabilities;
  require(probabilities.size() >= 2, "the number of labels", probabilities.size(),
          "be at least 2 for log-odds");
  require_below(label, "the label", probabilities.size());
  double others = 0;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    if (std::cmp_not_equal(i, label)) others += probabilities[i];
  }
  return bounded_log(probabilities[static_cast<std::size_t>(label)]) - bounded_log(others);
}

Explanation explain(const SentenceClassifier& classifier, const std::string& text,
                    std::optional<std::int64_t> label) {
  if (!classifier.answers_singly()) {
    throw OptionError(
        "no explanation by occlusion: this classifier's answers depend on what a text is "
        "classified with");
  }
  if (label) require_below(*label, "the label", classifier.label_names().size());
  const auto words = text_words(text);
  std::vector<std::string> variants{text};
  for (std::size_t i = 0; i < words.size(); ++i) variants.push_back(without(text, words, i));
  const auto predictions = classifier.classify(std::span<const std::string>(variants));

  Explanation explanation{.label = label.value_or(predictions.front().label)};
  explanation.log_odds = log_odds(predictions.front(), explanation.label);
  for (std::size_t i = 0; i < words.size(); ++i) {
    explanation.words.push_back(
        {words[i], explanation.log_odds - log_odds(predictions[i + 1], explanation.label)});
  }
  return explanation;
}

}  // namespace minillama
