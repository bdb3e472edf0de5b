#include "common/typed_lines.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#ifdef MINILLAMA_LIBEDIT
#include <editline/readline.h>

#include <clocale>
#endif

#include "common/output.h"

namespace minillama::app {
namespace {

constexpr const char* kPrompt = "> ";

#ifdef MINILLAMA_LIBEDIT
/// A line that was edited; nothing at the end.
std::optional<std::string> edited_line() {
  rl_outstream = stderr;
  const std::unique_ptr<char, decltype(&std::free)> line(readline(kPrompt), std::free);
  if (!line) return std::nullopt;
  if (*line != '\0') add_history(line.get());
  return line.get();
}
#endif

}  // namespace

TypedLines::TypedLines(const std::filesystem::path& path)
    : path_(path), is_person_(path == "-" && ::isatty(STDIN_FILENO) != 0), lines_(path) {
#ifdef MINILLAMA_LIBEDIT
  std::setlocale(LC_CTYPE, "");  // in which characters a person types
#endif
}

std::optional<std::string> TypedLines::next() {
  ++n_lines_;
  if (!is_person_) return lines_.next();
#ifdef MINILLAMA_LIBEDIT
  auto line = has_cursor(STDERR_FILENO) ? edited_line() : (write_message(kPrompt), lines_.next());
#else
  write_message(kPrompt);
  auto line = lines_.next();
#endif
  if (!line) write_message("\n");
  return line;
}

FileError TypedLines::error(const std::string& problem) const {
  return {path_ == "-" ? "standard input" : path_, n_lines_, problem};
}

}  // namespace minillama::app
