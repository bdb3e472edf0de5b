#pragma once

// Not part of the public interface: a format of the table in data/data_formats.h.

#include <string_view>

#include "minillama/data/data_records.h"

namespace minillama {

/// What a label begins with.
inline constexpr std::string_view kFasttextPrefix = "__label__";

/// Reads lines `__label__good A delight .`, as fastText does (Joulin et al. 2016, arXiv:1607.01759;
/// https://fasttext.cc/docs/en/supervised-tutorial.html). Throws FileError naming the line of one
/// that has no label or several.
DataRecords read_fasttext_data(const TextFile& file);

}  // namespace minillama
