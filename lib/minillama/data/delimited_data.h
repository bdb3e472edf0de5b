#pragma once

// Not part of the public interface: formats of the table in data/data_formats.h.

#include "minillama/data/csv_reader.h"
#include "minillama/data/data_columns.h"
#include "minillama/data/data_records.h"

namespace minillama {

/// Reads a table (data/csv_reader.h) whose columns find_columns() finds. Throws FileError.
DataRecords read_delimited_data(const TextFile& file, const DataColumns& columns,
                                CsvDialect dialect);

}  // namespace minillama
