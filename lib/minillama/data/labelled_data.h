#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "minillama/data/data_formats.h"
#include "minillama/text/labelled_sentences.h"

namespace minillama {

/// Examples and what their labels mean: label i is called label_names[i].
struct LabelledData {
  std::vector<LabelledSentence> examples;
  std::vector<std::string> label_names;
};

/// Reads a training set, in any of data_formats(), and finds its labels (find_label_names()).
/// Throws what read_data_records() throws.
LabelledData read_labelled_data(const std::filesystem::path& path, const DataOptions& options = {});

/// Reads another set under the labels of a training set or of a classifier. Throws the same, and
/// FileError naming file, line and the known labels for a label that is not among them.
std::vector<LabelledSentence> read_labelled_data(const std::filesystem::path& path,
                                                 std::span<const std::string> label_names,
                                                 const DataOptions& options = {});

/// The same of what has been read.
std::vector<LabelledSentence> label_records(const DataRecords& data,
                                            std::span<const std::string> label_names);

}  // namespace minillama
