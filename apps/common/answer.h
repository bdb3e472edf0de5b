#pragma once

#include <string>

#include "minillama/eval/sentence_classifier.h"

#include "common/arguments.h"
#include "common/classify.h"
#include "common/explain.h"

namespace minillama::app {

/// Evaluates `classifier` on the data sets that were named or, if none was, classifies sentences.
/// `method` is the assignment's word for how the labels are found, in the names of the predictions'
/// files. `explain`, if it is one, says why of each sentence.
void answer(const SentenceClassifier& classifier, const Arguments& arguments,
            const Dataset& dataset, const std::string& method, bool quiet,
            const Explainer& explain = {});

}  // namespace minillama::app
