#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace minillama::test {

/// A new empty directory, removed with everything in it at the end of the scope.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Writes a file of that name and returns its path.
  std::filesystem::path file(const std::string& name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

/// The whole content of a file.
std::string read_text(const std::filesystem::path& path);

/// A file of the test data, e.g. "sst/sst-dev.txt": in $MINILLAMA_DATA, else in the repository's
/// data/, else in ../shared/data. Empty if it is in none of them.
std::optional<std::filesystem::path> data_file(const std::string& name);

/// A file of the repository, e.g. "tests/reference/rope.safetensors".
std::filesystem::path repository_file(const std::string& name);

}  // namespace minillama::test
