#pragma once

#include <filesystem>
#include <functional>

#include "minillama/checkpoint/checkpoint.h"
#include "minillama/model/module_text_classifier.h"

#include "common/arguments.h"
#include "common/classify.h"

namespace minillama::app {

/// Makes a classifier of a trained one's files.
using LoadIngredient = std::function<ModuleTextClassifier(Checkpoint&&)>;

/// Makes the greedy soup (train/weight_soup.h) of the classifier `first` and those of --soup: in
/// the order of their accuracies on --dev, each stays if the mean with it is no less accurate
/// there. Says so step by step, evaluates what came of it on --dev and --test, and writes it to
/// --out-dir. `path` is where the first one lies. Throws OptionError naming the option.
void make_soup(Checkpoint&& first, const std::filesystem::path& path, const Arguments& arguments,
               const Dataset& dataset, const OpenOptions& open, const LoadIngredient& load);

}  // namespace minillama::app
