#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "minillama/eval/sentence_classifier.h"

namespace minillama {

/// Writes the CMU assignment's prediction file: a line "{label} ||| {sentence}" for each sentence,
/// whose own line ends become spaces. The file appears whole or not at all. Throws OptionError,
/// before anything is written, unless there are as many labels as sentences; IoError.
void write_predictions(const std::filesystem::path& path, std::span<const std::int64_t> labels,
                       std::span<const std::string> sentences);

/// The labels, 0 to n_labels - 1, that such a file has for these sentences: each line's text must
/// hold its sentence, which a template may have put into others. Throws FileError naming file and
/// line if one does not, or there are not as many lines as sentences; IoError.
std::vector<std::int64_t> read_predictions(const std::filesystem::path& path,
                                           std::span<const std::string> sentences,
                                           std::int64_t n_labels);

/// Writes the probabilities of all labels as JSON Lines, of each sentence
///
///     {"text": …, "label": …, "predicted": …, "probabilities": {"bad": 0.9, "good": 0.1}}
///
/// with the labels' names; without "label" if `labels`, the true ones, is empty. The file appears
/// whole or not at all. Throws OptionError, before anything is written, unless there are as many
/// sentences, and labels if any, as predictions, labels that have names and a probability for each
/// name; IoError.
void write_probabilities(const std::filesystem::path& path,
                         std::span<const std::string> label_names,
                         std::span<const std::string> sentences,
                         std::span<const std::int64_t> labels,
                         std::span<const Prediction> predictions);

}  // namespace minillama
