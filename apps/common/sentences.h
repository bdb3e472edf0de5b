#pragma once

#include "minillama/eval/sentence_classifier.h"

#include "common/arguments.h"

namespace minillama::app {

/// Classifies the sentences on the command line, else the lines of --file, else those of standard
/// input as they come, and prints each answer.
void classify_sentences(SentenceClassifier& classifier, const Arguments& arguments, bool quiet);

}  // namespace minillama::app
