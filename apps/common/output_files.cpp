#include "common/output_files.h"

#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "minillama/checkpoint/directory.h"
#include "minillama/core/error.h"

namespace minillama::app {
namespace fs = std::filesystem;
namespace {

void refuse(const std::string& flag, const fs::path& path, std::string_view problem) {
  throw OptionError(fmt::format("--{} is {}, which {}", flag, quote(path.native(), 400), problem));
}

bool are_same(const fs::path& a, const fs::path& b) {
  std::error_code error;
  return fs::equivalent(a, b, error) && !error;
}

void require_writable(const fs::path& directory) {
  if (::access(directory.c_str(), W_OK | X_OK) != 0)
    throw IoError(directory, "cannot write", errno);
}

}  // namespace

void check_output_file(const std::string& flag, const fs::path& path,
                       const std::vector<fs::path>& inputs) {
  if (path.empty()) throw OptionError(fmt::format("--{} is empty", flag));
  std::error_code error;
  if (fs::is_directory(path, error)) refuse(flag, path, "is a directory");
  const auto written = fs::exists(path, error) ? fs::canonical(path, error) : path;
  const auto directory = written.has_parent_path() ? written.parent_path() : fs::path(".");
  for (const auto& input : inputs) {
    if (are_same(path, input)) refuse(flag, path, "is an input");
    if (fs::is_regular_file(path, error) && are_same(directory, input)) {
      refuse(flag, path, "is part of an input");
    }
  }
  if (fs::exists(path, error)) {
    if (::access(path.c_str(), W_OK) != 0) throw IoError(path, "cannot write", errno);
    if (!fs::is_regular_file(path, error)) return;  // a device, say
  }
  require_writable(directory);
}

void check_output_directory(const std::string& flag, const fs::path& path, const fs::path& input) {
  if (path.empty()) throw OptionError(fmt::format("--{} is empty", flag));
  if (are_same(path, input)) refuse(flag, path, "is an input");
  // The nearest directory that is there, in which the others are to be made.
  std::error_code error;
  auto there = fs::absolute(path, error);
  while (!fs::exists(there, error) && there.has_relative_path()) there = there.parent_path();
  if (!fs::is_directory(there, error)) refuse(flag, path, "is or lies in a file, not a directory");
  require_writable(there);
}

void refuse_earlier_run(const fs::path& directory) {
  std::error_code error;
  for (const auto* file : {"config.json", "adapter_config.json", "training.safetensors"}) {
    if (!fs::exists(directory / file, error)) continue;
    const bool has_state = fs::exists(directory / "training.safetensors", error);
    throw OptionError(fmt::format("{} is of an earlier run: {}--force replaces it",
                                  quote((directory / file).native(), 400),
                                  has_state ? "--resume goes on with it, " : ""));
  }
  for (const auto& file : other_model_files(directory)) {
    throw OptionError(
        fmt::format("{} is of another model, beside which this one would be misread: "
                    "--force removes it",
                    quote(file.native(), 400)));
  }
}

}  // namespace minillama::app
