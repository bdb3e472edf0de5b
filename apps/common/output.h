#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace minillama::app {

// All that an app writes for its user goes through here: results to standard output, messages to
// standard error. Each write reaches the system before the call returns, so that a disk that is
// full or a reader that has gone is known at once and not after hours of work. On a terminal,
// control characters are shown as \uNNNN: texts and labels come from anyone.

/// To be called first. Opens /dev/null in the place of a standard stream that is closed (else the
/// next file to be opened would get its number, and what is meant for a user its content), and has
/// a broken pipe make the write fail instead of ending the program.
void prepare_standard_streams();

/// Thrown when a result cannot be written because its reader has gone, as in `… | head`: then
/// nothing is left to do, and nobody to tell. run() exits with 141, as if SIGPIPE had ended it.
struct BrokenPipe {};

/// Writes to standard output. Throws IoError, or BrokenPipe.
void write_result(std::string_view text);

template <typename... Args>
void print(fmt::format_string<Args...> format, Args&&... args) {
  write_result(fmt::format(format, std::forward<Args>(args)...));
}

/// Standard output as a stream; its functions throw what write_result() throws.
std::ostream& results();

/// Writes to standard error, lines broken between words to fit a terminal. What cannot be written
/// is lost: work goes on without those who watch it.
void write_message(std::string_view text) noexcept;

template <typename... Args>
void note(fmt::format_string<Args...> format, Args&&... args) {
  write_message(fmt::format(format, std::forward<Args>(args)...));
}

/// Writes to standard error what moves a terminal's cursor, as it stands.
void write_control(std::string_view text) noexcept;

/// Columns of the terminal that `descriptor` is: $COLUMNS, or what the terminal says; `otherwise`
/// if it is no terminal.
std::size_t columns(int descriptor, std::size_t otherwise);

/// Whether `descriptor` is a terminal that understands control sequences; a "dumb" one does not.
bool has_cursor(int descriptor);

/// Whether colours are wanted on `descriptor`: it has_cursor(), and the environment's NO_COLOR is
/// not set or empty (https://no-color.org).
bool has_colours(int descriptor);

/// Writes to standard output what changes a terminal's colours, as it stands: what others wrote in
/// it must be printable() before. Throws what write_result() throws.
void write_coloured(std::string_view text);

/// `text` with lines broken between words that have at most `width` characters as far as words
/// allow; what goes on is indented.
std::string wrapped(std::string_view text, std::size_t width);

/// print() of lines that may be broken to fit a terminal, which are for people and not programs.
template <typename... Args>
void print_wrapped(fmt::format_string<Args...> format, Args&&... args) {
  const auto text = fmt::format(format, std::forward<Args>(args)...);
  write_result(wrapped(text, columns(1, std::string::npos)));
}

/// `value` with that many decimals; in powers of ten where that would be long. At most
/// decimals + 8 characters.
std::string number(double value, int decimals);

}  // namespace minillama::app
