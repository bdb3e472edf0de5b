#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace minillama::app {

/// A line on stderr that tells how far something is and when it will be done; only on a terminal
/// that can take a line back, and never longer than its width.
///
///     epoch 2/3 [#########           ] 120/267  loss 1.213  0:35 left
class ProgressBar {
 public:
  explicit ProgressBar(bool quiet);
  ~ProgressBar() { clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Shows `done` of `total`; the time left is judged from what was done since start(), or by the
  /// one that is done at the first update.
  void update(const std::string& what, std::int64_t done, std::int64_t total,
              const std::string& note);
  /// Begins the count of what is done and of the time.
  void start(std::int64_t done);
  /// Takes the line away, so that something else can be written.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  bool enabled_;
  bool visible_ = false;
  std::optional<std::int64_t> start_done_;  // nothing before the first update()
  Clock::time_point start_ = Clock::now();
  Clock::time_point shown_ = {};
};

}  // namespace minillama::app
