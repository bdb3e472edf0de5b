#pragma once

namespace minillama::app {

/// From now on SIGINT, SIGTERM and SIGHUP end the program at once with one line, "<program>:
/// stopped", and exit code 128 + N: there is nothing to save, and files that are written are whole
/// or not there (io/atomic_file.h). A signal that was ignored at the start, as under nohup, still
/// is. run() calls it.
void end_on_signals(const char* program);

/// While it lives, the first such signal is noted instead of ending the program; a second one ends
/// it as usual. One at a time.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  /// The signal that came, 0 if none did.
  int signal() const;

  /// What is done until resume_noting() can be ended at any moment: a signal, also one that has
  /// been noted, ends the program at once with the line `last_words`, which must stay alive.
  void end_at_once(const char* last_words);
  void resume_noting();
};

/// Thrown when the work is put away after a signal; run() exits with 128 + signal.
struct Interrupted {
  int signal;
};

}  // namespace minillama::app
