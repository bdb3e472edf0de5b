#include "minillama/data/folder_data.h"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "minillama/core/utf8.h"

namespace minillama {
namespace {

namespace fs = std::filesystem;

/// What a folder holds, sorted by name. Throws IoError if the system does not say.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> entries;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (!entry->path().filename().native().starts_with('.')) entries.push_back(entry->path());
  }
  if (error) throw IoError(folder, "cannot read the folder", error.value());
  std::ranges::sort(entries, {}, [](const fs::path& path) { return path.native(); });
  return entries;
}

bool is_text_file(const fs::path& path) {
  const auto& name = path.native();
  std::error_code error;
  return (name.ends_with(".txt") || name.ends_with(".txt.gz")) && fs::is_regular_file(path, error);
}

/// A file without a byte is an example without text, which tidy() decides upon.
std::string text_of(const fs::path& path) {
  std::error_code error;
  if (fs::file_size(path, error) == 0 && !error) return "";
  return std::string(open_data_file(path).text());
}

}  // namespace

DataRecords read_folder_data(const fs::path& path) {
  DataRecords data{.path = path, .records = {}};
  for (const auto& folder : entries_of(path)) {
    std::error_code error;
    if (!fs::is_directory(folder, error)) {
      throw FileError(folder, "is no folder: those of a folder of examples are named as labels");
    }
    const auto label = folder.filename().native();
    if (utf8_valid_prefix(label) != label.size()) {
      throw FileError(folder, "its name, a label, is not UTF-8");
    }
    for (const auto& file : entries_of(folder)) {
      if (!is_text_file(file)) throw FileError(file, "is no file *.txt, which examples are");
      data.records.push_back({.text = text_of(file), .label = label, .file = file});
    }
  }
  if (data.records.empty()) throw FileError(path, "holds no folder with files *.txt");
  return data;
}

}  // namespace minillama
