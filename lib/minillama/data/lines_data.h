#pragma once

// Not part of the public interface: a format of the table in data/data_formats.h.

#include "minillama/data/data_records.h"

namespace minillama {

/// Reads lines `label ||| text` (text/labelled_sentences.h), whose labels may be words. Throws
/// FileError.
DataRecords read_lines_data(const TextFile& file);

}  // namespace minillama
