#include "minillama/core/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "minillama/core/threads.h"

#include "support/catch.h"

using namespace minillama;

namespace {

std::size_t threads_of_this_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

/// How often each number of [0, size) is met.
std::vector<int> visits(std::int64_t size, std::int64_t grain) {
  std::vector<std::atomic<int>> counts(static_cast<std::size_t>(size));
  parallel_for(size, grain, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = begin; i < end; ++i) ++counts[static_cast<std::size_t>(i)];
  });
  return {counts.begin(), counts.end()};
}

/// The threads that compute at most are `count` until the end of the scope.
class Limit {
 public:
  explicit Limit(int count) { set_thread_limit(count); }
  ~Limit() { set_thread_limit(before_); }
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;

 private:
  int before_ = threads();
};

}  // namespace

TEST_CASE("thread pool: every index once, in parts that begin at multiples of the grain") {
  for (const std::int64_t size : {0, 1, 2, 63, 64, 1000}) {
    for (const std::int64_t grain : {1, 7, 64, 5000}) {
      CHECK(visits(size, grain) == std::vector<int>(static_cast<std::size_t>(size), 1));
      parallel_for(size, grain, [&](std::int64_t begin, std::int64_t end) {
        const bool right = begin < end && begin % grain == 0 && (end % grain == 0 || end == size);
        if (!right) throw std::logic_error("a part that is none");
      });
    }
  }
}

TEST_CASE("thread pool: the caller is a member, whoever else comes, and a team is not too large") {
  std::set<std::size_t> members;
  std::mutex mutex;
  for (int i = 0; i < 200; ++i) {
    run_team(64, [&](std::size_t member) {
      const std::lock_guard lock(mutex);
      members.insert(member);
      if (member == 0) CHECK(is_in_team() == (threads() > 1));
    });
  }
  CHECK(members.count(0) == 1);
  CHECK(members.size() <= static_cast<std::size_t>(threads()));
  CHECK(*members.rbegin() < static_cast<std::size_t>(threads()));
  CHECK_FALSE(is_in_team());
}

TEST_CASE("thread pool: what a member throws is thrown to the caller, and the pool goes on") {
  for (int i = 0; i < 100; ++i) {
    CHECK_THROWS_WITH(run_team(2, [](std::size_t) { throw std::runtime_error("no"); }), "no");
    CHECK_THROWS_WITH(parallel_for(8, 1,
                                   [](std::int64_t begin, std::int64_t) {
                                     if (begin == 5 || threads() == 1)
                                       throw std::runtime_error("five");
                                   }),
                      "five");
    CHECK(visits(100, 1) == std::vector<int>(100, 1));
  }
  CHECK_FALSE(is_in_team());
}

TEST_CASE("thread pool: a team within a team is its caller alone") {
  std::atomic<int> wrong = 0;
  run_team(4, [&](std::size_t) {
    const auto outer = std::this_thread::get_id();
    run_team(4, [&](std::size_t member) {
      if (member != 0 || std::this_thread::get_id() != outer) ++wrong;
    });
    if (is_in_team() != (threads() > 1)) ++wrong;
  });
  CHECK(wrong == 0);
}

TEST_CASE("thread pool: callers from many threads each get all of their work done") {
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> callers;
  for (int caller = 0; caller < 8; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0; i < 500; ++i) {
        const std::int64_t size = 10 + caller;
        std::vector<std::atomic<std::int64_t>> sums(static_cast<std::size_t>(size));
        parallel_for(size, 1, [&](std::int64_t begin, std::int64_t end) {
          for (auto k = begin; k < end; ++k) sums[static_cast<std::size_t>(k)] += k + caller;
        });
        for (std::int64_t k = 0; k < size; ++k) {
          if (sums[static_cast<std::size_t>(k)] != k + caller) ++wrong;
        }
      }
    });
  }
  callers.clear();
  CHECK(wrong == 0);
}

TEST_CASE("thread pool: no more threads than the limit, none with a limit of one") {
  {
    const Limit one(1);
    const auto before = threads_of_this_process();
    std::set<std::thread::id> ids;
    for (int i = 0; i < 50; ++i)
      run_team(8, [&](std::size_t) { ids.insert(std::this_thread::get_id()); });
    CHECK(ids == std::set{std::this_thread::get_id()});
    CHECK(threads_of_this_process() == before);
  }
  const Limit limit(1000);
  const auto before = threads_of_this_process();
  std::atomic<int> at_once = 0, most = 0;
  for (int i = 0; i < 50; ++i) {
    run_team(1000, [&](std::size_t) {
      int seen = ++at_once, known = most;
      while (seen > known && !most.compare_exchange_weak(known, seen)) {
      }
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      --at_once;
    });
  }
  CHECK(most <= available_processors());
  CHECK(threads_of_this_process() < before + static_cast<std::size_t>(available_processors()));
}

TEST_CASE("thread pool: threads that have nothing to do leave the processor alone") {
  run_team(8, [](std::size_t) { std::this_thread::sleep_for(std::chrono::milliseconds(1)); });
  const auto before = std::clock();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  CHECK(static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC < 0.05);
}
