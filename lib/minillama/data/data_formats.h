#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/data/data_columns.h"
#include "minillama/data/data_records.h"

namespace minillama {

/// A form in which labelled texts are kept: a row of the table of them.
struct DataFormat {
  std::string_view name;
  std::vector<std::string_view> suffixes;  ///< of file names, before ".gz"
  /// Whether the first line that is not blank may be of this format; null: it is never recognised,
  /// only asked for.
  bool (*may_begin_with)(std::string_view line) = nullptr;
  bool is_known_by_content = false;  ///< may_begin_with() suffices, whatever the file's name is
  bool has_columns = false;          ///< which may be wanted by name or number
  DataRecords (*read)(const TextFile& file, const DataColumns& columns) = nullptr;
  DataRecords (*read_folder)(const std::filesystem::path& path) = nullptr;  ///< in place of read()
};

/// All of them.
std::span<const DataFormat> data_formats();

/// The one of that name. Throws OptionError listing them all.
const DataFormat& data_format(std::string_view name);

/// What the reader of labelled data must be told where it cannot or shall not find out by itself.
struct DataOptions {
  std::string format = {};   ///< a name of the table; "": found by the file's name and content
  DataColumns columns = {};  ///< for formats that have columns
  bool keep_empty = false;   ///< an example without text is none, and not an error
};

/// Reads a file of labelled texts, or a folder of them. Files compressed with gzip are
/// decompressed.
///
/// The format of a file is, of those that its name's suffix is of, the first that its first line
/// may begin, or else the first of them; of a file with another suffix the first one that is known
/// by its content, or else `label ||| text`. Throws FileError naming file, line and value if that
/// is not what the file is or it has nothing in it, OptionError if the options do not go together
/// or with the format, IoError.
DataRecords read_data_records(const std::filesystem::path& path, const DataOptions& options = {});

/// The same of a file that open_data_file() has opened.
DataRecords parse_data_records(const TextFile& file, const DataOptions& options = {});

}  // namespace minillama
