#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "minillama/model/classifier.h"
#include "minillama/model/language_model_file.h"
#include "minillama/text/labelled_sentences.h"
#include "minillama/train/examples.h"
#include "minillama/train/fine_tuning_options.h"
#include "minillama/train/objectives.h"
#include "minillama/weights/lora_options.h"

#include "common/arguments.h"
#include "common/classify.h"

namespace minillama::app {

/// The options about training, as they were given or by default: our own defaults, or in the
/// compatible mode the reference's.
struct TrainingArguments {
  FineTuningOptions fine_tuning;
  ObjectiveOptions objective;
  ClassifierConfig classifier;
  AdapterOptions adapter = LoraOptions();
  std::optional<LoadOptions::Frozen> frozen;  ///< how the weights beside the adapters' are kept
  bool recompute = false;
  bool head_has_bias = true;
  bool label_words = false;  ///< the head begins as the language model's own (label_word_head.h)
  std::int64_t wise_ft_steps = 0;  ///< from the weights before to those after; 0: none
  std::uint64_t first_seed = 0;
  std::int64_t n_seeds = 1;
};

TrainingArguments read_training_arguments(const Arguments& arguments, const Dataset& dataset,
                                          bool compatible, bool lora);

/// Makes the examples of a label count as --class-weights says. Throws OptionError if that does not
/// fit the labels.
void weigh_classes(const Arguments& arguments, std::int64_t n_labels, Examples& examples);

/// The sentences of a run, all read and checked before anything is trained.
struct TrainingData {
  std::vector<std::string> label_names;  ///< training_label_names() (common/labelled_files.h)
  std::vector<LabelledSentence> train;
  std::vector<LabelledSentence> dev;
  std::vector<LabelledSentence> test;  ///< may be empty
};

/// Reads the files that were named or, if none was, the data set's default ones. What is said of
/// them is a note, unless `quiet`. Throws OptionError if there is nothing to train or to evaluate
/// on, FileError naming file and line.
TrainingData read_training_data(const Arguments& arguments, const Dataset& dataset, bool quiet);

/// --train-per-label: leaves so many examples of each label to train on. Throws OptionError if
/// there are too few.
void draw_training_examples(const Arguments& arguments, std::span<const std::string> label_names,
                            TrainingData& data);

}  // namespace minillama::app
