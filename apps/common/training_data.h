#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "minillama/data/data_check.h"
#include "minillama/text/labelled_sentences.h"
#include "minillama/text/tokenizer.h"

#include "common/arguments.h"
#include "common/classify.h"

namespace minillama::app {

/// The sentences of a run, all read and checked before anything is trained.
struct TrainingData {
  std::vector<std::string> label_names;  ///< training_label_names() (common/labelled_files.h)
  std::vector<LabelledSentence> train;
  std::vector<std::vector<double>> targets;  ///< of `train` (data/soft_labels.h); none: the labels
  std::vector<LabelledSentence> dev;
  std::vector<LabelledSentence> test;  ///< may be empty
};

/// Reads the files that were named or, if none was, the data set's default ones. Without --dev a
/// part of --train is evaluated on. What is said of them is a note, unless `quiet`. Throws
/// OptionError if there is nothing to train or to evaluate on, FileError naming file and line.
TrainingData read_training_data(const Arguments& arguments, const Dataset& dataset, bool quiet);

/// --train-per-label: leaves so many examples of each label to train on. Throws OptionError if
/// there are too few.
void draw_training_examples(const Arguments& arguments, std::span<const std::string> label_names,
                            TrainingData& data);

/// --soft-labels: reads what is to be learnt of the examples. Throws OptionError if one is not in
/// that file, FileError naming its line.
void read_targets(const Arguments& arguments, TrainingData& data);

/// What is known of the data before anything is trained.
struct TrainingDataCheck {
  DataReport report;
  double majority_accuracy = 0;     ///< on dev, of the most frequent label
  double naive_bayes_accuracy = 0;  ///< on dev
};

/// Looks at the data: the examples of each label, what may be wrong with them for a model that
/// reads `max_tokens` of a text, and what answers without one are worth on dev.
TrainingDataCheck check_training_data(const TrainingData& data, const Tokenizer& tokenizer,
                                      std::int64_t max_tokens);

/// Says what that found.
void tell(const TrainingDataCheck& check);

}  // namespace minillama::app
