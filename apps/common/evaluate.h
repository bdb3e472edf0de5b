#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "minillama/eval/sentence_classifier.h"
#include "minillama/text/labelled_sentences.h"

namespace minillama::app {

/// Classifies the data set `split` ("dev" or "test"), prints the figures and the confusion matrix,
/// writes the predictions to `out`. Returns the accuracy.
double evaluate(SentenceClassifier& classifier, const std::string& split,
                std::span<const LabelledSentence> examples, const std::filesystem::path& out,
                bool labelled, bool quiet);

}  // namespace minillama::app
