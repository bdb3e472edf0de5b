#include "minillama/data/csv_reader.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/text/text_file.h"

namespace minillama {
namespace {

std::size_t count_line_ends(std::string_view text) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool within_pair = text[i] == '\n' && i > 0 && text[i - 1] == '\r';
    if ((text[i] == '\n' || text[i] == '\r') && !within_pair) ++n;
  }
  return n;
}

}  // namespace

CsvReader::CsvReader(std::string_view text, CsvDialect dialect, std::filesystem::path path)
    : rest_(text), dialect_(dialect), path_(std::move(path)) {}

std::optional<CsvRecord> CsvReader::next() {
  while (take_line_end()) {
  }
  if (rest_.empty()) return std::nullopt;
  CsvRecord record{.fields = {}, .line = line_};
  while (true) {
    const bool is_quoted = dialect_.quoted && rest_.starts_with('"');
    record.fields.push_back(is_quoted ? quoted_field(record.line) : plain_field());
    if (rest_.empty() || take_line_end()) return record;
    rest_.remove_prefix(1);  // the delimiter
  }
}

std::string CsvReader::plain_field() {
  const char ends[] = {dialect_.delimiter, '\r', '\n'};
  const auto size = std::min(rest_.find_first_of({ends, std::size(ends)}), rest_.size());
  std::string field(rest_.substr(0, size));
  rest_.remove_prefix(size);
  return field;
}

std::string CsvReader::quoted_field(std::size_t first_line) {
  const auto whole = rest_;
  std::string field;
  while (true) {
    rest_.remove_prefix(1);  // the mark that opens the field, or the second one of two
    const auto mark = rest_.find('"');
    if (mark == std::string_view::npos) {
      throw FileError(path_, first_line,
                      fmt::format("a quotation mark is never closed: {}", quote(whole, 40)));
    }
    field += rest_.substr(0, mark);
    rest_.remove_prefix(mark + 1);
    if (!rest_.starts_with('"')) break;
    field += '"';
  }
  line_ += count_line_ends(field);
  const bool at_end =
      rest_.empty() || rest_[0] == dialect_.delimiter || rest_[0] == '\r' || rest_[0] == '\n';
  if (!at_end) {
    const auto size = whole.size() - rest_.size();
    throw FileError(path_, first_line,
                    fmt::format("{} stands behind the closing quotation mark of {}",
                                quote(take_line(rest_), 20), quote(whole.substr(0, size), 40)));
  }
  return field;
}

bool CsvReader::take_line_end() {
  if (!rest_.starts_with('\r') && !rest_.starts_with('\n')) return false;
  take_line(rest_);
  ++line_;
  return true;
}

}  // namespace minillama
