#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "minillama/eval/sentence_classifier.h"
#include "minillama/text/labelled_sentences.h"

#include "common/evaluation.h"

namespace minillama::app {

/// How the figures are told.
struct EvaluationReport {
  bool labelled = true;  ///< false: the data set's labels are placeholders
  bool json = false;     ///< one JSON object for a data set
  bool quiet = false;
  std::filesystem::path against = {};              ///< predictions to compare with; empty: none
  std::filesystem::path probabilities = {};        ///< a file for those of all labels; empty: none
  std::filesystem::path reliability_diagram = {};  ///< a file for it; empty: none
  /// Told the temperature under which the labels are most probable (eval/calibration.h), which the
  /// figures are of, too; if empty, probabilities stay as they are.
  std::function<void(double temperature)> calibrate = {};
  /// Told all of it at the end.
  std::function<void(const Evaluation&)> keep = {};
};

/// How the true labels and those of `classifier` go together.
ConfusionMatrix confusion_of(const SentenceClassifier& classifier,
                             std::span<const LabelledSentence> examples);

/// Classifies the data set `split` ("dev" or "test"), prints what that comes to
/// (common/evaluation.h) and writes the predictions to `out`, unless that is empty. Returns the
/// accuracy.
double evaluate(const SentenceClassifier& classifier, const std::string& split,
                std::span<const LabelledSentence> examples, const std::filesystem::path& out,
                const EvaluationReport& report);

}  // namespace minillama::app
