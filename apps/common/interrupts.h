#pragma once

namespace minillama::app {

/// While it lives, the first SIGINT or SIGTERM is noted instead of ending the program; a second one
/// ends it as usual. One at a time.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  /// The signal that came, 0 if none did.
  int signal() const;
};

/// Thrown when the work is put away after a signal; run() exits with 128 + signal.
struct Interrupted {
  int signal;
};

}  // namespace minillama::app
