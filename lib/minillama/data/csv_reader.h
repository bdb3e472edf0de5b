#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace minillama {

/// How the records of a table are written.
struct CsvDialect {
  char delimiter = ',';
  /// Whether a field that begins with a quotation mark ends with one, and may have delimiters, line
  /// ends and, doubled, quotation marks within. Else they are characters as any.
  bool quoted = true;
};

/// One record.
struct CsvRecord {
  std::vector<std::string> fields;
  std::size_t line;  ///< where it begins
};

/// Reads comma-separated values as RFC 4180 has them, one record after the other, and with any of
/// "\n", "\r\n" and "\r" as the end of one. What it gives is what Python's
/// `csv.reader(file, strict=True)` gives: a quotation mark within a field that does not begin with
/// one is a character, and so is a space. Lines that have nothing in them are no records.
class CsvReader {
 public:
  /// `text`, which is that of the file `path`, must outlive the reader.
  CsvReader(std::string_view text, CsvDialect dialect, std::filesystem::path path);

  /// The next record, or nothing at the end. Throws FileError naming the line where the record
  /// begins if a quotation mark is not closed or something stands between it and the delimiter.
  std::optional<CsvRecord> next();

 private:
  std::string plain_field();
  std::string quoted_field(std::size_t first_line);
  bool take_line_end();

  std::string_view rest_;
  CsvDialect dialect_;
  std::filesystem::path path_;
  std::size_t line_ = 1;
};

}  // namespace minillama
