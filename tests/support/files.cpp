#include "support/files.h"

#include <stdlib.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace minillama::test {
namespace fs = std::filesystem;

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (fs::temp_directory_path() / "minillama-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name);
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path TemporaryDirectory::file(const std::string& name, std::string_view content) const {
  fs::path path = path_ / name;
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

fs::path repository_file(const std::string& name) {
  return fs::path(MINILLAMA_SOURCE_DIR) / name;
}

std::optional<fs::path> data_file(const std::string& name) {
  const char* chosen = std::getenv("MINILLAMA_DATA");
  for (const fs::path& directory : {chosen != nullptr ? fs::path(chosen) : repository_file("data"),
                                    repository_file("data"), repository_file("../shared/data")}) {
    if (fs::exists(directory / name)) return directory / name;
  }
  return std::nullopt;
}

}  // namespace minillama::test
