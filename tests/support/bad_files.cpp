#include "support/bad_files.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "support/catch.h"
#include "support/counts.h"
#include "support/process.h"

using Catch::Matchers::StartsWith;

namespace minillama::test {
namespace {

/// What holds of the programs that users run; a sanitizer needs more of both.
#if defined(NDEBUG)
constexpr bool kLimitsTimeAndMemory = true;
#else
constexpr bool kLimitsTimeAndMemory = false;
#endif

/// How long an app takes that does nothing, and how much memory: the best of three. Of the
/// classifiers and of convert, what they become where LibTorch is needed.
const Outcome& idle(const std::string& app) {
  static std::map<std::string, Outcome> known;
  const bool becomes_module = app.starts_with("classify") || app == "convert";
  const auto program = becomes_module ? app + "-module" : app;
  const auto found = known.find(program);
  if (found != known.end()) return found->second;
  const TemporaryDirectory directory;
  Outcome least = run_app(program, {"--version"}, directory.path());
  for (int i = 0; i < 2; ++i) {
    const auto next = run_app(program, {"--version"}, directory.path());
    least.cpu_seconds = std::min(least.cpu_seconds, next.cpu_seconds);
    least.peak_bytes = std::min(least.peak_bytes, next.peak_bytes);
  }
  return known.emplace(program, least).first->second;
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    names.push_back(entry.path());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::uintmax_t bytes_in(const std::filesystem::path& directory) {
  std::uintmax_t bytes = 0;
  for (const auto& name : files_in(directory)) {
    if (std::filesystem::is_regular_file(name)) bytes += std::filesystem::file_size(name);
  }
  return bytes;
}

/// What the model takes that an app reads where it is given none: its file, mapped, and the weights
/// as float32, of a file of float16. It is not at fault.
std::uintmax_t default_model_bytes(const std::vector<std::string>& arguments) {
  if (std::find(arguments.begin(), arguments.end(), "-m") != arguments.end()) return 0;
  return 3 * std::filesystem::file_size(repository_file("checkpoints/reviews/model.safetensors"));
}

}  // namespace

void check_bad_file(const std::string& name, const std::string& app,
                    const std::vector<std::string>& arguments, const std::string& message,
                    const TemporaryDirectory& directory) {
  INFO(name);
  const auto before = files_in(directory.path());
  const auto outcome = run_app(app, arguments, directory.path());
  INFO(outcome.err);
  CHECK(outcome.exit_code == 3);
  CHECK(outcome.out.empty());
  CHECK_THAT(outcome.err, StartsWith(app + ": error: "));
  CHECK_THAT(outcome.err, contains(message));
  CHECK(lines_in(outcome.err) == 1);
  CHECK(outcome.err.size() < 1500);
  CHECK(files_in(directory.path()) == before);
  if (kLimitsTimeAndMemory) {
    // In time of the processor, which other programs lengthen less than that of a clock.
    const double limit = idle(app).cpu_seconds + 0.5;
    double least = outcome.cpu_seconds;
    for (int again = 0; again < 2 && least >= limit; ++again) {
      least = std::min(least, run_app(app, arguments, directory.path()).cpu_seconds);
    }
    CHECK(least < limit);
    CHECK(outcome.peak_bytes < idle(app).peak_bytes + default_model_bytes(arguments) +
                                   2 * bytes_in(directory.path()) + (64 << 20));
  }
  count("bad files through the apps", 1);
}

void check_bad_files(const std::vector<BadInput>& inputs, const std::string& app,
                     const std::vector<std::string>& arguments) {
  for (const auto& input : inputs) {
    const TemporaryDirectory directory;
    directory.file("x", input.content);
    check_bad_file(input.name, app, arguments, input.message, directory);
  }
}

std::string reference(const std::string& name) {
  return read_text(repository_file("tests/reference/" + name));
}

std::string replaced(std::string text, const std::string& part, const std::string& by) {
  const auto at = text.find(part);
  if (at == std::string::npos) throw std::runtime_error("nothing to replace: " + part);
  return text.replace(at, part.size(), by);
}

}  // namespace minillama::test
