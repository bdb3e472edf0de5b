#include "minillama/text/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/utf8.h"

namespace minillama {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kLineEnds = "\r\n";
constexpr std::size_t kChunk = std::size_t{1} << 16;
constexpr std::size_t kLongestLine = std::size_t{256} << 20;

bool is_standard_input(const std::filesystem::path& path) {
  return path == "-";
}

std::filesystem::path name_of(const std::filesystem::path& path) {
  return is_standard_input(path) ? "standard input" : path;
}

/// A descriptor to read from; whoever got another than standard input's must close it.
int open_to_read(const std::filesystem::path& path) {
  if (is_standard_input(path)) return STDIN_FILENO;
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor >= 0) return descriptor;
  if (errno == ENOENT || errno == ENOTDIR) throw FileError(path, "no such file");
  throw IoError(path, "cannot open", errno);
}

void close_after_reading(int descriptor) {
  if (descriptor != STDIN_FILENO) ::close(descriptor);
}

/// Appends what comes next to `out`; false at the end.
bool read_chunk(int descriptor, const std::filesystem::path& name, std::string& out) {
  const std::size_t size = out.size();
  out.resize(size + kChunk);
  ssize_t n = 0;
  do {
    n = ::read(descriptor, out.data() + size, kChunk);
  } while (n < 0 && errno == EINTR);
  const int error = errno;
  out.resize(size + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  if (n < 0) throw IoError(name, "cannot read", error);
  return n > 0;
}

void refuse_utf16(std::string_view text, const std::filesystem::path& name) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    throw FileError(name, "is UTF-16 text: save it as UTF-8");
  }
}

/// Throws FileError naming the line, if there is one that is no text.
void check_lines(std::string_view text, const std::filesystem::path& name) {
  for (std::size_t line = 1; !text.empty(); ++line) {
    const auto problem = problem_of_line(take_line(text));
    if (!problem.empty()) throw FileError(name, line, problem);
  }
}

std::string read_all(const std::filesystem::path& path, const std::filesystem::path& name) {
  const int descriptor = open_to_read(path);
  std::string text;
  try {
    std::size_t seen = 0;
    while (read_chunk(descriptor, name, text)) {
      if (seen < 2) refuse_utf16(text, name);
      if (text.find('\0', seen) != std::string::npos) check_lines(text, name);
      seen = text.size();
    }
  } catch (...) {
    close_after_reading(descriptor);
    throw;
  }
  close_after_reading(descriptor);
  return text;
}

}  // namespace

std::string_view take_line(std::string_view& rest) {
  const auto is_end = [](char c) { return c == '\n' || c == '\r'; };
  const auto length =
      static_cast<std::size_t>(std::find_if(rest.begin(), rest.end(), is_end) - rest.begin());
  const auto line = rest.substr(0, length);
  rest.remove_prefix(length);
  rest.remove_prefix(rest.starts_with(kLineEnds) ? 2 : std::min<std::size_t>(rest.size(), 1));
  return line;
}

std::string problem_of_line(std::string_view line) {
  const auto valid = utf8_valid_prefix(line);
  if (valid != line.size()) {
    return fmt::format("not UTF-8 at byte {} of the line: {}", valid, quote(line.substr(valid), 8));
  }
  return line.find('\0') == std::string_view::npos ? "" : "holds a NUL byte";
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\v\f\r\n") == std::string_view::npos;
}

bool is_stream(const std::filesystem::path& path) {
  struct stat status {};
  const int result =
      is_standard_input(path) ? ::fstat(STDIN_FILENO, &status) : ::stat(path.c_str(), &status);
  const auto mode = status.st_mode;
  return result == 0 && (S_ISFIFO(mode) || S_ISCHR(mode) || S_ISSOCK(mode));
}

TextFile::TextFile(const std::filesystem::path& path) : path_(name_of(path)) {
  if (is_standard_input(path) || is_stream(path)) {
    read_ = read_all(path, path_);
  } else {
    mapped_.emplace(path);
    refuse_utf16(as_text(mapped_->bytes()), path_);
  }
}

TextFile::TextFile(std::filesystem::path path, std::string content)
    : path_(std::move(path)), read_(std::move(content)) {
  refuse_utf16(read_, path_);
}

std::string_view TextFile::text() const {
  std::string_view text = as_text(bytes());
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

void TextFile::check() const {
  check_lines(text(), path_);
}

std::string TextFile::normalized() const {
  check();
  std::string out;
  out.reserve(text().size());
  for (auto rest = text(); !rest.empty();) {
    const bool has_end = rest.find_first_of(kLineEnds) != std::string_view::npos;
    out += take_line(rest);
    if (has_end) out += '\n';
  }
  return out;
}

LineReader::LineReader(const std::filesystem::path& path)
    : path_(name_of(path)), descriptor_(open_to_read(path)) {}

LineReader::~LineReader() {
  close_after_reading(descriptor_);
}

bool LineReader::fill() {
  const bool is_first = n_lines_ == 0 && buffer_.empty();
  buffer_.erase(0, begin_);
  begin_ = 0;
  const auto seen = buffer_.size();
  if (!read_chunk(descriptor_, path_, buffer_)) return false;
  // The mark's bytes may come one by one.
  constexpr std::string_view kMarks = "\xEF\xBB\xFE\xFF";
  while (is_first && buffer_.size() < kByteOrderMark.size() &&
         buffer_.find_first_not_of(kMarks) == std::string::npos &&
         read_chunk(descriptor_, path_, buffer_)) {
  }
  if (is_first) {
    refuse_utf16(buffer_, path_);
    if (buffer_.starts_with(kByteOrderMark)) begin_ = kByteOrderMark.size();
  }
  // A device may give NUL bytes without end.
  const bool is_endless = buffer_.find_first_of(kLineEnds, begin_) == std::string::npos &&
                          buffer_.find('\0', seen) != std::string::npos;
  if (is_endless) throw FileError(path_, n_lines_ + 1, "holds a NUL byte");
  if (buffer_.size() > kLongestLine + kChunk) {
    throw FileError(path_, n_lines_ + 1, "has more than 256 MiB");
  }
  return true;
}

std::optional<std::string> LineReader::next() {
  std::size_t searched = begin_;
  while (true) {
    if (skips_newline_ && begin_ < buffer_.size()) {
      if (buffer_[begin_] == '\n') searched = ++begin_;
      skips_newline_ = false;
    }
    const auto end = buffer_.find_first_of(kLineEnds, std::max(searched, begin_));
    const bool ended = end != std::string::npos;
    searched = buffer_.size() - begin_;
    if (!ended && fill()) continue;
    if (!ended && begin_ == buffer_.size()) return std::nullopt;

    const auto length = (ended ? end : buffer_.size()) - begin_;
    auto line = buffer_.substr(begin_, length);
    begin_ += length + (ended ? 1 : 0);
    skips_newline_ = ended && buffer_[end] == '\r';
    ++n_lines_;
    const auto problem = problem_of_line(line);
    if (!problem.empty()) throw FileError(path_, n_lines_, problem);
    return line;
  }
}

}  // namespace minillama
