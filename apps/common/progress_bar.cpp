#include "common/progress_bar.h"

#include <unistd.h>

#include <algorithm>

#include "common/output.h"

namespace minillama::app {

ProgressBar::ProgressBar(bool quiet) : enabled_(!quiet && has_cursor(STDERR_FILENO)) {}

void ProgressBar::start(std::int64_t done) {
  start_done_ = done;
  start_ = Clock::now();
}

void ProgressBar::update(const std::string& what, std::int64_t done, std::int64_t total,
                         const std::string& note) {
  constexpr std::int64_t kWidth = 20;
  constexpr std::int64_t kShortestBar = 4;
  constexpr auto kShortest = std::chrono::milliseconds(100);
  const auto now = Clock::now();
  if (!start_done_) start_done_ = done - 1;
  if (!enabled_ || (now - shown_ < kShortest && done != total)) return;
  shown_ = now;
  visible_ = true;

  const double seconds = std::chrono::duration<double>(now - start_).count();
  const auto done_here = std::max<std::int64_t>(done - *start_done_, 1);
  const auto left = static_cast<std::int64_t>(seconds * static_cast<double>(total - done) /
                                              static_cast<double>(done_here));
  const auto figures =
      fmt::format("{}/{}  {}  {}:{:02} left", done, total, note, left / 60, left % 60);
  // A line that is too long would stay when the next is shown: the bar gives way, then the end.
  const auto room = static_cast<std::int64_t>(columns(STDERR_FILENO, 80)) - 1;
  const auto width = std::min(room - std::ssize(what) - std::ssize(figures) - 4, kWidth);
  auto line = what + ' ';
  if (width >= kShortestBar) {
    const auto full = static_cast<std::size_t>(width * done / std::max<std::int64_t>(total, 1));
    line += fmt::format("[{:<{}}] ", std::string(full, '#'), width);
  }
  line += figures;
  line.resize(std::min(line.size(), static_cast<std::size_t>(std::max<std::int64_t>(room, 0))));
  write_control("\r" + line + "\x1b[K");
}

void ProgressBar::clear() {
  if (!visible_) return;
  write_control("\r\x1b[K");
  visible_ = false;
}

}  // namespace minillama::app
