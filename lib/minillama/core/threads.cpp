#include "minillama/core/threads.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {
namespace {

std::atomic<int> limit = 0;  // 0: nobody has said

}  // namespace

int default_threads() {
  const int available = available_processors();
  const char* text = std::getenv("OMP_NUM_THREADS");
  if (text == nullptr) return available;
  // A list gives a number for each level of nested parallelism: here there is one.
  std::string_view number = text;
  number = number.substr(std::min(number.size(), number.find_first_not_of(" \t")));
  int count = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), count);
  if (error == std::errc::result_out_of_range) return available;
  return error == std::errc() && count > 0 ? std::min(count, available) : available;
}

int threads() {
  int count = limit.load(std::memory_order_relaxed);
  if (count > 0) return count;
  const int by_default = default_threads();
  return limit.compare_exchange_strong(count, by_default) ? by_default : count;
}

void set_thread_limit(int count) {
  if (count < 1 || count > 1024) {
    throw OptionError(fmt::format("threads is {}, must lie between 1 and 1024", count));
  }
  limit = std::min(count, available_processors());
}

}  // namespace minillama
