#include "common/progress_bar.h"

#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

namespace minillama::app {

ProgressBar::ProgressBar(bool quiet) : enabled_(!quiet && ::isatty(STDERR_FILENO) != 0) {}

void ProgressBar::start(std::int64_t done) {
  start_done_ = done;
  start_ = Clock::now();
}

void ProgressBar::update(const std::string& what, std::int64_t done, std::int64_t total,
                         const std::string& note) {
  constexpr std::int64_t kWidth = 20;
  constexpr auto kShortest = std::chrono::milliseconds(100);
  const auto now = Clock::now();
  if (!enabled_ || (now - shown_ < kShortest && done != total)) return;
  shown_ = now;
  visible_ = true;

  const double seconds = std::chrono::duration<double>(now - start_).count();
  const auto done_here = std::max<std::int64_t>(done - start_done_, 1);
  const auto left = static_cast<std::int64_t>(seconds * static_cast<double>(total - done) /
                                              static_cast<double>(done_here));
  const auto full = static_cast<std::size_t>(kWidth * done / std::max<std::int64_t>(total, 1));
  fmt::print(stderr, "\r{} [{:<{}}] {}/{}  {}  {}:{:02} left \x1b[K", what, std::string(full, '#'),
             kWidth, done, total, note, left / 60, left % 60);
  std::fflush(stderr);
}

void ProgressBar::clear() {
  if (!visible_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  visible_ = false;
}

}  // namespace minillama::app
