#include "common/interrupts.h"

#include <signal.h>

#include <csignal>
#include <initializer_list>

namespace minillama::app {
namespace {

volatile std::sig_atomic_t received = 0;

void set_handler(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  // Reading and writing go on where they were; the handler works once, then the default does.
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGINT, SIGTERM}) ::sigaction(signal, &action, nullptr);
}

}  // namespace

Interrupts::Interrupts() {
  received = 0;
  set_handler([](int signal) { received = signal; });
}

Interrupts::~Interrupts() {
  set_handler(SIG_DFL);
}

int Interrupts::signal() const {
  return received;
}

}  // namespace minillama::app
