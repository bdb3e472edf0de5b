#include "minillama/io/file_kind.h"

#include <algorithm>
#include <string>

#include "minillama/core/error.h"

namespace minillama {

void refuse_failed_download(Bytes bytes, const std::filesystem::path& path) {
  std::string_view text = as_text(bytes.first(std::min<std::size_t>(bytes.size(), 256)));
  if (text.starts_with("version https://git-lfs")) {
    throw FileError(path, "is a git-lfs pointer, not the file itself (try: git lfs pull)");
  }
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  std::string start(text.substr(0, 14));
  std::transform(start.begin(), start.end(), start.begin(),
                 [](char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (start.starts_with("<!doctype html") || start.starts_with("<html")) {
    throw FileError(path, "is a web page: the download went wrong");
  }
}

}  // namespace minillama
