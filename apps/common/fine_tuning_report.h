#pragma once

#include <filesystem>
#include <string>

#include "minillama/eval/sentence_classifier.h"
#include "minillama/report/run_report.h"
#include "minillama/train/fine_tuning.h"

#include "common/evaluation.h"

namespace minillama::app {

// What a report tells of fine-tuning alone.

/// Adds the curves of a run, and its figures.
void add_training(const FineTuning& run, RunReport& report);

/// Adds an evaluation, with the words that mattered of its surest mistakes, where the classifier
/// can tell them (eval/explanation.h).
void add_evaluation(const Evaluation& evaluation, const SentenceClassifier& classifier,
                    RunReport& report);

}  // namespace minillama::app
