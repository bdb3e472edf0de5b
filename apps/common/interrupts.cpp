#include "common/interrupts.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <initializer_list>
#include <string>

namespace minillama::app {
namespace {

volatile std::sig_atomic_t received = 0;

/// What the program says when a signal ends it; nothing if signals are only noted.
std::atomic<const char*> words = nullptr;
static_assert(std::atomic<const char*>::is_always_lock_free);  // a handler may use nothing else

/// Of a program that has nothing to save; set once.
std::string usual_words;

void end(int signal, const char* last_words) {
  // Nobody is left to be told that this cannot be said.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, last_words, std::strlen(last_words));
  ::_exit(128 + signal);
}

void handle(int signal) {
  if (const char* last_words = words) end(signal, last_words);
  received = signal;
}

void set_handler() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before = {};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler == SIG_IGN) continue;
    struct sigaction action = {};
    action.sa_handler = handle;
    // Reading and writing go on where they were; the handler works once, then the default does.
    action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
    ::sigaction(signal, &action, nullptr);
  }
}

}  // namespace

void end_on_signals(const char* program) {
  usual_words = std::string(program) + ": stopped\n";
  words = usual_words.c_str();
  set_handler();
}

Interrupts::Interrupts() {
  received = 0;
  words = nullptr;
}

Interrupts::~Interrupts() {
  words = usual_words.c_str();
  set_handler();
}

int Interrupts::signal() const {
  return received;
}

void Interrupts::end_at_once(const char* last_words) {
  words = last_words;
  if (received != 0) end(received, last_words);
}

void Interrupts::resume_noting() {
  words = nullptr;
}

}  // namespace minillama::app
