#include "minillama/data/data_records.h"

#include "minillama/io/gzip.h"
#include "minillama/text/labelled_sentences.h"

namespace minillama {
namespace {

constexpr std::size_t kMostDecompressed = std::size_t{1} << 30;

/// "\r\n" and "\r" as "\n".
std::string with_plain_line_ends(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto end = text.find('\r');
    out += text.substr(0, end);
    if (end == std::string_view::npos) break;
    out += '\n';
    text.remove_prefix(end + (text.substr(end).starts_with("\r\n") ? 2 : 1));
  }
  return out;
}

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

}  // namespace

FileError record_error(const DataRecords& data, const DataRecord& record,
                       std::string_view problem) {
  return {record.file.empty() ? data.path : record.file, record.line, problem};
}

TextFile open_data_file(const std::filesystem::path& path) {
  TextFile file(path);
  if (is_gzip(file.bytes())) {
    file = TextFile(file.path(), gunzip(file.bytes(), file.path(), kMostDecompressed));
  }
  file.check();
  return file;
}

void tidy(DataRecords& data, bool keep_empty) {
  for (auto& record : data.records) {
    record.label = std::string(strip(record.label));
    record.text = with_plain_line_ends(strip(record.text));
    // Only an escape of JSON's can have brought one.
    if (has_nul(record.label) || has_nul(record.text)) {
      throw record_error(data, record, "holds a NUL byte");
    }
    if (record.label.empty()) throw record_error(data, record, "the label is empty");
    if (record.text.empty() && !keep_empty) throw record_error(data, record, "the text is empty");
  }
}

}  // namespace minillama
