#include "common/output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <streambuf>

#include "minillama/core/error.h"
#include "minillama/core/utf8.h"

namespace minillama::app {
namespace {

/// Set once by prepare_standard_streams().
struct {
  bool out_is_terminal = false;
  bool error_is_terminal = false;
} streams;

/// Writes all of it. Returns the error's number, 0 if there is none.
int write_all(int descriptor, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd ready{.fd = descriptor, .events = POLLOUT, .revents = 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

/// Control characters as \uNNNN, which JSON reads back; what is no UTF-8 as U+FFFD.
std::string without_controls(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto length = utf8_character_length(text);
    const auto character = text.substr(0, length);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (character == "\n" || character == "\t" || !utf8_is_control(character)) {
      out += character;
    } else {
      out += fmt::format("\\u{:04x}", utf8_code_point(character));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

class ResultBuffer : public std::streambuf {
 protected:
  int_type overflow(int_type character) override {
    if (traits_type::eq_int_type(character, traits_type::eof())) return 0;
    const char byte = traits_type::to_char_type(character);
    write_result({&byte, 1});
    return character;
  }
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    write_result({text, static_cast<std::size_t>(size)});
    return size;
  }
};

std::size_t length_of(std::string_view text) {
  std::size_t n = 0;
  for (const char byte : text) n += (static_cast<unsigned char>(byte) & 0xC0) != 0x80 ? 1 : 0;
  return n;
}

void append_wrapped(std::string_view line, std::size_t width, std::string& out) {
  std::size_t column = 0;
  while (!line.empty()) {
    // A word with the spaces before it.
    const auto begin = std::min(line.find_first_not_of(' '), line.size());
    const auto end = std::min(line.find(' ', begin), line.size());
    const auto length = length_of(line.substr(0, end));
    if (column > 0 && column + length > width) {
      out += "\n  ";
      out += line.substr(begin, end - begin);
      column = 2 + length - begin;
    } else {
      out += line.substr(0, end);
      column += length;
    }
    line.remove_prefix(end);
  }
}

}  // namespace

void prepare_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) >= 0) continue;
    // The lowest free number is this one, since those below it are open. The wrong way round, so
    // that reading or writing fails as it does with a closed one.
    ::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
  std::signal(SIGPIPE, SIG_IGN);
  streams.out_is_terminal = ::isatty(STDOUT_FILENO) != 0;
  streams.error_is_terminal = ::isatty(STDERR_FILENO) != 0;
}

void write_result(std::string_view text) {
  if (streams.out_is_terminal) {
    write_coloured(without_controls(text));
  } else {
    write_coloured(text);
  }
}

void write_coloured(std::string_view text) {
  const int error = write_all(STDOUT_FILENO, text);
  if (error == EPIPE) throw BrokenPipe();
  if (error != 0) throw IoError("standard output", "cannot write", error);
}

std::ostream& results() {
  static ResultBuffer buffer;
  static std::ostream stream(&buffer);
  stream.exceptions(std::ios::badbit);  // throws on what the buffer threw
  return stream;
}

void write_message(std::string_view text) noexcept {
  try {
    const auto shown = without_controls(text);
    write_all(STDERR_FILENO, streams.error_is_terminal
                                 ? wrapped(shown, columns(STDERR_FILENO, std::string::npos))
                                 : shown);
  } catch (const std::bad_alloc&) {
    write_all(STDERR_FILENO, "out of memory\n");
  }
}

void write_control(std::string_view text) noexcept {
  write_all(STDERR_FILENO, text);
}

std::size_t columns(int descriptor, std::size_t otherwise) {
  if (::isatty(descriptor) == 0) return otherwise;
  constexpr std::size_t kUsual = 80;
  std::size_t width = 0;
  if (const char* set = std::getenv("COLUMNS"); set != nullptr) {
    const std::string_view text = set;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), width);
    if (error != std::errc() || end != text.data() + text.size()) width = 0;
  }
  winsize size{};
  if (width == 0 && ::ioctl(descriptor, TIOCGWINSZ, &size) == 0) width = size.ws_col;
  return width > 0 ? width : kUsual;
}

bool has_cursor(int descriptor) {
  const char* terminal = std::getenv("TERM");
  return ::isatty(descriptor) != 0 && terminal != nullptr && *terminal != '\0' &&
         std::string_view(terminal) != "dumb";
}

bool has_colours(int descriptor) {
  const char* unwanted = std::getenv("NO_COLOR");
  return has_cursor(descriptor) && (unwanted == nullptr || *unwanted == '\0');
}

std::string wrapped(std::string_view text, std::size_t width) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    append_wrapped(text.substr(0, end), width, out);
    if (end < text.size()) out += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string number(double value, int decimals) {
  if (!std::isfinite(value) || std::abs(value) < 1e6)
    return fmt::format("{:.{}f}", value, decimals);
  return fmt::format("{:.{}e}", value, std::min(decimals, 3));
}

}  // namespace minillama::app
