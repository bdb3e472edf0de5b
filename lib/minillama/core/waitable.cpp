#include "minillama/core/waitable.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <climits>
#include <utility>

namespace minillama {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

/// How long a thread keeps its processor busy before it sleeps: if it has the processor for itself,
/// about twice as long as it takes to wake up, and hardly at all if it shares it.
constexpr microseconds kSpin{100}, kSpinIfShared{5};
/// A thread that did not get on for so long was not given its processor.
constexpr microseconds kGap{50};
/// How long a thread then believes that it shares it.
constexpr std::chrono::milliseconds kShared{20};

thread_local Clock::time_point shared_until;

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
  const auto start = Clock::now();
  const auto end = start + (start < shared_until ? kSpinIfShared : kSpin);
  for (auto now = start; now < end;) {
    for (int i = 0; i < 16; ++i) {
      if (load() != value) return;
      pause();
    }
    const auto before = std::exchange(now, Clock::now());
    if (now - before > kGap) {
      shared_until = now + kShared;
      break;
    }
  }
  ++sleepers_;
  while (value_.load() == value) futex(value_, FUTEX_WAIT, value);
  --sleepers_;
}

}  // namespace minillama
