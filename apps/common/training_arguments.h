#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "minillama/model/classifier.h"
#include "minillama/model/language_model_file.h"
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
  bool label_words = false;     ///< the head begins as the language model's own (label_word_head.h)
  std::int64_t new_layers = 0;  ///< how many of the last layers are drawn anew
  std::int64_t wise_ft_steps = 0;  ///< from the weights before to those after; 0: none
  double time_budget = 0;  ///< seconds in which settings are tried; infinite: one is trained with
  std::uint64_t first_seed = 0;
  std::int64_t n_seeds = 1;
};

TrainingArguments read_training_arguments(const Arguments& arguments, const Dataset& dataset,
                                          bool compatible, bool lora);

/// Of any data: what was not given suits so many examples to train on
/// (FineTuningOptions::fitted()).
void fit_to_examples(const Arguments& arguments, std::int64_t n_examples, bool lora,
                     FineTuningOptions& training);

/// Makes the examples of a label count as --class-weights says. Throws OptionError if that does not
/// fit the labels.
void weigh_classes(const Arguments& arguments, std::int64_t n_labels, Examples& examples);

}  // namespace minillama::app
