#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "minillama/weights/classifier_config.h"

#include "common/arguments.h"
#include "common/classify.h"
#include "common/verbs.h"

namespace minillama::app {

/// Declares the options of the classification app, as `verb` has them.
Arguments declare_classify_arguments(const char* program, const Dataset& dataset,
                                     const Verb& verb = {});

/// Throws OptionError if an option was given that has no effect beside the others, or something
/// lacks that they need.
void check_classify_arguments(const Arguments& arguments, const Dataset& dataset,
                              const Verb& verb = {});

/// Declares, reads and checks them. Of any data a verb may stand in front. Nothing if --help or
/// --version was asked for, and has been printed.
std::optional<Arguments> read_classify_arguments(const char* program, const Dataset& dataset,
                                                 int argc, char** argv);

/// Whether a classifier is trained.
bool trains(const Arguments& arguments);

/// The shipped model that is used unless --model is given: a classifier, or what is trained or
/// asked.
std::string default_classifier(const Arguments& arguments, const Dataset& dataset);

/// Throws OptionError if it is of any data that `model`, which is no classifier, is to answer.
void refuse_language_model(const Dataset& dataset, const std::filesystem::path& model);

/// Throws OptionError if --batch-size was given and makes no difference to the classifier.
void refuse_batch_size(const Arguments& arguments, const ClassifierConfig& classifier,
                       const std::filesystem::path& model);

/// --batch-size, or `otherwise`.
std::int64_t batch_size(const Arguments& arguments, std::int64_t otherwise);

/// The names in the file --label-names, or the data set's own.
std::vector<std::string> label_names(const Arguments& arguments, const Dataset& dataset);

/// --out-dir or, of any data, runs/<name of --train>; else empty.
std::filesystem::path out_directory(const Arguments& arguments, const Dataset& dataset);

/// Where the predictions for `split` ("dev" or "test") go: --dev-out or --test-out, else the
/// assignment's name for them, <data set>-<split>-<method>-output.txt, in `directory`; of any data
/// <split>-predictions.txt there, or nowhere: empty, if `directory` is.
std::filesystem::path out_path(const Arguments& arguments, const Dataset& dataset,
                               const std::string& split, const std::string& method,
                               const std::filesystem::path& directory);

}  // namespace minillama::app
