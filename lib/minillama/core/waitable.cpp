#include "minillama/core/waitable.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <climits>

namespace minillama {
namespace {

/// How long a thread keeps its processor busy before it sleeps.
constexpr std::chrono::microseconds kSpin{20};

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Sleeping with std::atomic::wait() would give the processor away (sched_yield) before it sleeps,
/// and beside a busy program get it back milliseconds later; a sleeper that is woken has it at
/// once.
void futex(std::atomic<std::uint32_t>& value, int operation, std::uint32_t argument) {
  static_assert(sizeof(value) == sizeof(std::uint32_t));
  ::syscall(SYS_futex, &value, operation | FUTEX_PRIVATE_FLAG, argument, nullptr, nullptr, 0);
}

}  // namespace

void Waitable::store(std::uint32_t value) {
  // Either this sees the sleeper, or the sleeper sees the value: both are sequentially consistent.
  value_.store(value);
  if (sleepers_.load() > 0) futex(value_, FUTEX_WAKE, INT_MAX);
}

void Waitable::wait_while(std::uint32_t value) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 16; ++i) {
      if (load() != value) return;
      pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  ++sleepers_;
  while (value_.load() == value) futex(value_, FUTEX_WAIT, value);
  --sleepers_;
}

}  // namespace minillama
