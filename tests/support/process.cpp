#include "support/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "support/files.h"

namespace minillama::test {
namespace {

/// In the child: `path` becomes the descriptor `target`.
void redirect(const std::filesystem::path& path, int flags, int target) {
  const int descriptor = ::open(path.c_str(), flags, 0600);
  if (descriptor < 0 || ::dup2(descriptor, target) < 0) ::_exit(125);
}

}  // namespace

Outcome run_program(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                    const std::filesystem::path& directory, const std::string& input,
                    const Interruption& interruption, const std::vector<std::string>& environment) {
  // Files, not pipes: no program can block because nobody reads.
  const TemporaryDirectory streams;
  const auto in = streams.file("in", input);
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork");
  if (child == 0) {
    redirect(in, O_RDONLY, STDIN_FILENO);
    redirect(streams.path() / "out", O_WRONLY | O_CREAT, STDOUT_FILENO);
    redirect(streams.path() / "err", O_WRONLY | O_CREAT, STDERR_FILENO);
    if (::chdir(directory.c_str()) != 0) ::_exit(125);
    for (const auto& variable : environment) ::putenv(const_cast<char*>(variable.c_str()));
    ::execv(program.c_str(), argv.data());
    ::_exit(126);
  }
  if (interruption.signal != 0) {
    std::this_thread::sleep_for(interruption.after);
    ::kill(child, interruption.signal);
  }
  int status = 0;
  rusage usage{};
  ::wait4(child, &status, 0, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .out = read_text(streams.path() / "out"),
          .err = read_text(streams.path() / "err"),
          .cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime),
          .peak_bytes = static_cast<std::size_t>(usage.ru_maxrss) * 1024};
}

Outcome run_app(const std::string& app, const std::vector<std::string>& arguments,
                const std::filesystem::path& directory, const std::string& input,
                const Interruption& interruption, const std::vector<std::string>& environment) {
  return run_program(std::filesystem::path(MINILLAMA_BIN_DIR) / app, arguments, directory, input,
                     interruption, environment);
}

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace minillama::test
