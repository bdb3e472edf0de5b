#include "support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "support/files.h"

namespace minillama::test {
namespace {

constexpr std::chrono::minutes kLongestSession(5);  // on a terminal

/// Waits until the program that shows a prompt reads key by key, or for a second if it reads lines.
/// An editor of lines takes the terminal over a moment behind its prompt, and a Ctrl-D of that
/// moment is lost.
void await_editor(int terminal) {
  for (int i = 0; i < 100; ++i) {
    termios modes{};
    if (::tcgetattr(terminal, &modes) != 0 || (modes.c_lflag & ICANON) == 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

/// In the child: `path` becomes the descriptor `target`.
void redirect(const std::filesystem::path& path, int flags, int target) {
  const int descriptor = ::open(path.c_str(), flags, 0600);
  if (descriptor < 0 || ::dup2(descriptor, target) < 0) ::_exit(125);
}

/// In the child: the descriptor `target` becomes what `stream` says, `path` if that is a file.
void attach(Stream stream, const std::filesystem::path& path, int flags, int target) {
  int ends[2];  // of a pipe: the one to read from, the one to write to
  switch (stream) {
    case Stream::file:
      redirect(path, flags, target);
      break;
    case Stream::closed:
      ::close(target);
      break;
    case Stream::full:
      redirect("/dev/full", O_RDWR, target);
      break;
    case Stream::piped:
    case Stream::broken_pipe:
      if (::pipe(ends) != 0) ::_exit(125);
      if (stream == Stream::piped) {
        char content[4096];
        const int file = ::open(path.c_str(), flags);
        const auto n = ::read(file, content, sizeof content);
        if (n < 0 || ::write(ends[1], content, static_cast<std::size_t>(n)) != n) ::_exit(125);
        ::close(file);
      }
      ::dup2(ends[target == STDIN_FILENO ? 0 : 1], target);
      for (const int end : ends) {
        if (end != target) ::close(end);
      }
      break;
  }
}

}  // namespace

Outcome run_program(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                    const std::filesystem::path& directory, const std::string& input,
                    const Interruption& interruption, const std::vector<std::string>& environment,
                    const Streams& kinds) {
  // Files, not pipes: no program can block because nobody reads.
  const TemporaryDirectory streams;
  const auto in = streams.file("in", input);
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork");
  if (child == 0) {
    // These are there if they are not written to.
    redirect(streams.path() / "out", O_WRONLY | O_CREAT, STDOUT_FILENO);
    redirect(streams.path() / "err", O_WRONLY | O_CREAT, STDERR_FILENO);
    attach(kinds.err, streams.path() / "err", O_WRONLY, STDERR_FILENO);
    attach(kinds.out, streams.path() / "out", O_WRONLY, STDOUT_FILENO);
    attach(kinds.in, in, O_RDONLY, STDIN_FILENO);
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
                const Interruption& interruption, const std::vector<std::string>& environment,
                const Streams& streams) {
  return run_program(std::filesystem::path(MINILLAMA_BIN_DIR) / app, arguments, directory, input,
                     interruption, environment, streams);
}

Outcome run_on_terminal(const std::string& app, const std::vector<std::string>& arguments,
                        const std::filesystem::path& directory, unsigned short columns,
                        const std::vector<std::string>& environment,
                        const std::vector<std::string>& typed) {
  const auto program = std::filesystem::path(MINILLAMA_BIN_DIR) / app;
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  winsize size{};
  size.ws_col = columns;
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (child < 0) throw std::runtime_error("forkpty");
  if (child == 0) {
    ::unsetenv("COLUMNS");
    ::setenv("TERM", "xterm", 1);
    for (const auto& variable : environment) ::putenv(const_cast<char*>(variable.c_str()));
    if (::chdir(directory.c_str()) == 0) ::execv(program.c_str(), argv.data());
    ::_exit(126);
  }
  Outcome outcome;
  char buffer[4096];
  auto next = typed.begin();
  const auto type = [&](const std::string& keys) {
    if (::write(terminal, keys.data(), keys.size()) < 0) throw std::runtime_error("write");
  };
  const auto deadline = std::chrono::steady_clock::now() + kLongestSession;
  while (true) {
    pollfd shown{.fd = terminal, .events = POLLIN, .revents = 0};
    if (::poll(&shown, 1, /*milliseconds=*/500) == 0) {
      if (std::chrono::steady_clock::now() > deadline) ::kill(child, SIGKILL);
      continue;
    }
    // Reading fails when the last one who has the terminal is gone.
    const auto n = ::read(terminal, buffer, sizeof buffer);
    if (n <= 0) break;
    outcome.out.append(buffer, static_cast<std::size_t>(n));
    if (!outcome.out.ends_with("> ")) continue;
    await_editor(terminal);
    type(next == typed.end() ? "\x04" : *next++);
  }
  ::close(terminal);
  int status = 0;
  ::waitpid(child, &status, 0);
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  for (std::size_t at = 0; (at = outcome.out.find("\r\n", at)) != std::string::npos;) {
    outcome.out.erase(at, 1);  // the terminal's doing
  }
  return outcome;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::vector<std::string> replacing(std::vector<std::string> arguments,
                                   const std::vector<std::string>& more) {
  for (const auto& option : more) {
    if (!option.starts_with("-")) continue;
    const auto found = std::ranges::find(arguments, option);
    if (found != arguments.end()) arguments.erase(found, found + 2);
  }
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

}  // namespace minillama::test
