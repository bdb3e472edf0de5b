#pragma once

#include "minillama/eval/sentence_classifier.h"

#include "common/arguments.h"
#include "common/explain.h"

namespace minillama::app {

/// Classifies the sentences on the command line, else the lines of --file, else those of standard
/// input, and prints each answer: many lines at a time where all of them are there, else each when
/// it comes. A blank line is answered by a blank one. `explain`, if it is one, says why of each.
void classify_sentences(const SentenceClassifier& classifier, const Arguments& arguments,
                        bool quiet, const Explainer& explain = {});

}  // namespace minillama::app
