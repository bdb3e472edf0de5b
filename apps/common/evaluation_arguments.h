#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/arguments.h"
#include "common/evaluate.h"
#include "common/option_rules.h"

namespace minillama::app {

/// Declares --probabilities-out, --reliability-diagram and --against: what more there may be to the
/// evaluation of a data set.
void add_evaluation_arguments(Arguments& arguments);

/// What they go with; `training` is the condition under which a classifier is trained.
std::vector<OptionRule> evaluation_rules(const Arguments& arguments, const std::string& training);

/// How a data set is evaluated whose labels are real or (`labelled` false) placeholders. Throws
/// OptionError if there is an option that needs labels.
EvaluationReport read_evaluation_arguments(const Arguments& arguments, bool labelled, bool quiet);

/// Whether predictions for `split` can be written to `path`, before any work is done. Throws
/// OptionError or IoError.
void check_prediction_file(const Arguments& arguments, const std::string& split,
                           const std::filesystem::path& path);

/// The same of all that the evaluation of `split` writes, to files that differ; no predictions if
/// their path is empty.
void check_evaluation_files(const Arguments& arguments, const std::string& split,
                            const std::filesystem::path& predictions);

}  // namespace minillama::app
