#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "minillama/data/labelled_data.h"

#include "common/arguments.h"
#include "common/classify.h"

namespace minillama::app {

/// Declares --format, --text-column and --label-column: how files of labelled texts are read.
void add_labelled_file_arguments(Arguments& arguments);

/// Throws OptionError if there is no such format.
void check_labelled_file_arguments(const Arguments& arguments);

/// Reads a set of labelled texts as those options say, and says which columns were guessed. Throws
/// OptionError, FileError naming file and line.
DataRecords read_records(const std::filesystem::path& path, const Arguments& arguments);

/// The same of a file that open_data_file() has opened.
DataRecords parse_records(const TextFile& file, const Arguments& arguments);

/// Reads a set under the labels of a training set or a classifier. Throws FileError also for a
/// label that is not among them.
std::vector<LabelledSentence> read_examples(const std::filesystem::path& path,
                                            const Arguments& arguments,
                                            const std::vector<std::string>& label_names);

/// What the labels of a training set are called: as --label-names says or, if they all are names or
/// numbers of the data set's own labels, as those, or else as they are written in the set. In
/// `label ||| text` a label that is an integer is always such a number, of a data set that has its
/// own.
std::vector<std::string> training_label_names(const DataRecords& train, const Arguments& arguments,
                                              const Dataset& dataset);

}  // namespace minillama::app
