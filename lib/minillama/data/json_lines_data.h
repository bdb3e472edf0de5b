#pragma once

// Not part of the public interface: a format of the table in data/data_formats.h.

#include "minillama/data/data_columns.h"
#include "minillama/data/data_records.h"

namespace minillama {

/// Reads JSON Lines (https://jsonlines.org): an object a line, with a string as its text and a
/// string, an integer, true or false as its label. The fields are those wanted or, if one is not,
/// the one with a known name in the first object (data/data_columns.h). Throws FileError naming the
/// line, also of a label that is a list, since an example has one label.
DataRecords read_json_lines_data(const TextFile& file, const DataColumns& columns);

}  // namespace minillama
