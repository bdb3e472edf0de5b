#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "minillama/checkpoint/checkpoint.h"
#include "minillama/eval/sentence_classifier.h"

#include "common/arguments.h"

namespace minillama::app {

/// Makes a classifier of a trained one's files.
using LoadMember = std::function<std::shared_ptr<const SentenceClassifier>(Checkpoint&&)>;

/// The classifier of --model or, with those of --ensemble, which are opened in the same way, their
/// ensemble. Throws OptionError if one of them is no trained classifier.
std::shared_ptr<const SentenceClassifier> with_ensemble(
    std::shared_ptr<const SentenceClassifier> classifier, const Arguments& arguments,
    const OpenOptions& open, const LoadMember& load);

/// Throws OptionError if --ensemble was given: `model` is a language model.
void refuse_ensemble(const Arguments& arguments, const std::filesystem::path& model);

}  // namespace minillama::app
