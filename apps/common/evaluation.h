#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "minillama/core/json.h"
#include "minillama/eval/accuracy_difference.h"
#include "minillama/eval/calibration.h"
#include "minillama/eval/confusion_matrix.h"
#include "minillama/eval/sentence_classifier.h"

namespace minillama::app {

/// With other predictions for a data set.
struct Comparison {
  std::filesystem::path predictions;  ///< the others' file
  std::size_t resamples = 0;
  AccuracyDifference difference;
};

/// What a classifier answered on a data set, and what that is worth.
struct Evaluation {
  std::string split;  ///< "dev" or "test"
  std::vector<std::string> label_names;
  bool labelled = true;  ///< false: the labels are placeholders, which no figure is of
  std::vector<std::string> sentences;
  std::vector<std::int64_t> labels;     ///< the true ones
  std::vector<Prediction> predictions;  ///< one for each sentence
  ConfusionMatrix matrix;
  std::vector<ReliabilityBin> reliability;
  std::optional<Comparison> comparison;
};

/// Prints the figures with the accuracy's interval, the comparison, the confusion matrix, the
/// figures of each label and the surest mistakes, as wide as the terminal.
void print_evaluation(const Evaluation& evaluation);

/// The same as one JSON object.
Json to_json(const Evaluation& evaluation);

}  // namespace minillama::app
