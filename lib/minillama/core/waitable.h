#pragma once

// Not part of the public interface: how threads wait for each other.

#include <atomic>
#include <cstdint>

namespace minillama {

/// A number that threads set and wait for. Whoever waits keeps its processor busy for as long as
/// waking up takes, or hardly at all where others want the processor too, and then sleeps. Who sees
/// a number sees all that was written before it.
class Waitable {
 public:
  std::uint32_t load() const { return value_.load(std::memory_order_acquire); }

  /// Sets the number and wakes whoever sleeps.
  void store(std::uint32_t value);

  /// The same where no other thread looks.
  void set_alone(std::uint32_t value) { value_.store(value, std::memory_order_relaxed); }

  /// Sets the number if it is `expected`, without waking anyone.
  bool exchange(std::uint32_t expected, std::uint32_t value) {
    return value_.compare_exchange_strong(expected, value);
  }

  /// Returns once the number is another than `value`.
  void wait_while(std::uint32_t value);

 private:
  std::atomic<std::uint32_t> value_ = 0;
  std::atomic<std::uint32_t> sleepers_ = 0;
};

}  // namespace minillama
