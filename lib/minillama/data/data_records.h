#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/core/error.h"
#include "minillama/text/text_file.h"

namespace minillama {

/// An example as a file has it: its label is a word of the file's, not yet a number.
struct DataRecord {
  std::string text;
  std::string label;
  std::size_t line = 1;             ///< where it begins
  std::filesystem::path file = {};  ///< where it stands, if each record has a file of its own
};

/// All of a file, or of a folder.
struct DataRecords {
  std::filesystem::path path;
  std::vector<DataRecord> records;
  std::string format = {};  ///< its name in data_formats()
  /// One line that says which columns were taken for text and label, if that was guessed; else "".
  std::string guess = {};
};

/// An error about `record` that names its file and line.
FileError record_error(const DataRecords& data, const DataRecord& record, std::string_view problem);

/// Opens a file of labelled data, compressed with gzip or not, and checks that it is text. Throws
/// FileError, also if more than 1 GiB is compressed in it, IoError.
TextFile open_data_file(const std::filesystem::path& path);

/// Makes texts and labels of all formats alike: the ASCII white space around them goes (strip()),
/// and line ends within a text become "\n". Throws FileError naming the record if it has a NUL
/// byte, its label is empty or, unless `keep_empty`, its text.
void tidy(DataRecords& data, bool keep_empty);

}  // namespace minillama
