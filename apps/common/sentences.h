#pragma once

#include "minillama/eval/sentence_classifier.h"

#include "common/arguments.h"

namespace minillama::app {

/// Classifies the sentences on the command line, else the lines of --file, else those of standard
/// input, and prints each answer: many lines at a time where all of them are there, else each when
/// it comes. A blank line is answered by a blank one.
void classify_sentences(const SentenceClassifier& classifier, const Arguments& arguments,
                        bool quiet);

}  // namespace minillama::app
