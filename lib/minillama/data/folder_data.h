#pragma once

// Not part of the public interface: a format of the table in data/data_formats.h.

#include "minillama/data/data_records.h"

namespace minillama {

/// Reads a folder that has one folder for each label, of that name, in which each file `*.txt` or
/// `*.txt.gz` is the text of an example. Labels and files come in the order of their names' bytes.
/// What begins with a dot is not looked at. Throws FileError naming the file or folder if anything
/// else is there, or no example.
DataRecords read_folder_data(const std::filesystem::path& path);

}  // namespace minillama
