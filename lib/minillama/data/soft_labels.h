#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "minillama/text/labelled_sentences.h"

namespace minillama {

/// Of texts, how probable each label is.
using SoftLabels = std::map<std::string, std::vector<double>, std::less<>>;

/// Reads JSON Lines: of each object the string "text" and the object "probabilities", whose fields
/// are the `label_names` and whose values, from 0 to 1, have the sum 1 within 1e-3; they are
/// divided by it. Other fields are not looked at, and gzip is decompressed. Of a text that comes
/// again the last one counts. Throws FileError naming file, line and value, IoError.
SoftLabels read_soft_labels(const std::filesystem::path& path,
                            std::span<const std::string> label_names);

/// What is to be learnt of each example, which is a probability for each label:
///
///     target = (1 - share) [label] + share soft label
///
/// (Hinton, Vinyals and Dean 2015, arXiv:1503.02531, section 2, where the soft labels are those of
/// another model). Throws OptionError unless `share` lies in [0, 1], or if an example's text has no
/// soft label.
std::vector<std::vector<double>> soft_targets(std::span<const LabelledSentence> examples,
                                              const SoftLabels& soft_labels, double share);

}  // namespace minillama
