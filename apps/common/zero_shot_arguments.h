#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "minillama/eval/zero_shot.h"

#include "common/arguments.h"
#include "common/classify.h"
#include "common/model_arguments.h"
#include "common/option_rules.h"

namespace minillama::app {

/// Declares the options about how a language model is asked, in a group of their own; --template,
/// which training takes, too, is not among them.
void add_zero_shot_arguments(Arguments& arguments, const Dataset& dataset);

/// What they go with.
std::vector<OptionRule> zero_shot_rules();

/// Throws OptionError if they ask for what is no matter of names alone.
void check_zero_shot_arguments(const Arguments& arguments);

/// Throws OptionError if an option was given that says how to ask a language model: `model` is a
/// classifier.
void refuse_zero_shot_options(const Arguments& arguments, const std::filesystem::path& model);

/// How a language model is asked. Throws OptionError if --batch-size was given and makes no
/// difference or there are too few examples for --shots, FileError if a conversation is wanted and
/// the model has no chat template or a file of examples is broken.
ZeroShotOptions zero_shot_options(const Arguments& arguments, const ModelArguments& model,
                                  const Tokenizer& tokenizer, const Dataset& dataset,
                                  const std::vector<std::string>& label_names);

}  // namespace minillama::app
