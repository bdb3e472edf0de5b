#include "minillama/core/thread_pool.h"

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "minillama/core/threads.h"
#include "minillama/core/waitable.h"

namespace minillama {
namespace {

using Work = std::function<void(std::size_t)>;

thread_local bool in_team = false;

/// While it lives, this thread is a member of a team.
class Membership {
 public:
  Membership() { in_team = true; }
  ~Membership() { in_team = false; }
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;
};

/// While it lives, this thread and those that it starts receive no signals.
class NoSignals {
 public:
  NoSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~NoSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;

 private:
  sigset_t before_{};
};

/// What a team does, and the first exception of a member.
class Job {
 public:
  explicit Job(const Work& work) : work_(work) {}

  void run(std::size_t member) {
    try {
      const Membership membership;
      work_(member);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
    }
  }

  void rethrow() {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  const Work& work_;
  std::mutex mutex_;
  std::exception_ptr error_;
};

/// A thread of the pool. Its state goes round: a caller reserves one that is idle and assigns a job
/// to it; it runs the job and says so; the caller releases it. A caller may take back a job that
/// does not run yet.
class Worker {
 public:
  Worker() {
    const NoSignals no_signals;  // the program's handlers run on the program's threads
    std::thread([this] { loop(); }).detach();
  }

  bool reserve() { return state_.load() == idle && state_.exchange(idle, reserved); }

  void assign(Job& job, std::size_t member) {
    job_ = &job;
    member_ = member;
    state_.store(assigned);
  }

  /// Takes the job back, or waits until it is done.
  void finish() {
    if (state_.exchange(assigned, idle)) return;
    state_.wait_while(running);
    state_.exchange(done, idle);
  }

 private:
  enum State : std::uint32_t { idle, reserved, assigned, running, done };

  [[noreturn]] void loop() {
    for (;;) {
      const auto state = state_.load();
      if (state != assigned) {
        state_.wait_while(state);
      } else if (state_.exchange(assigned, running)) {
        job_->run(member_);
        state_.store(done);
      }
    }
  }

  Waitable state_;
  Job* job_ = nullptr;
  std::size_t member_ = 0;
};

class Pool {
 public:
  /// The process's. It is never destroyed: its threads may sleep while the process ends.
  static Pool& instance() {
    static Pool& pool = *new Pool;
    return pool;
  }

  void run(std::size_t at_most, const Work& work) {
    Job job(work);
    const auto limit = static_cast<std::size_t>(threads());
    const auto others = computing_.fetch_add(1);
    const auto room = limit > others + 1 ? limit - others - 1 : 0;
    const auto team = hire(std::min(at_most - 1, room));
    for (std::size_t i = 0; i < team.size(); ++i) team[i]->assign(job, i + 1);
    job.run(0);
    for (Worker* worker : team) worker->finish();
    computing_ -= 1 + team.size();
    job.rethrow();
  }

 private:
  /// Reserves at most so many workers, new ones if need be; fewer if the system gives no more.
  std::vector<Worker*> hire(std::size_t count) {
    std::vector<Worker*> team;
    if (count == 0) return team;
    const std::lock_guard lock(mutex_);
    for (const auto& worker : workers_) {
      if (team.size() < count && worker->reserve()) team.push_back(worker.get());
    }
    const auto limit = static_cast<std::size_t>(threads());
    while (team.size() < count && workers_.size() + 1 < limit) {
      try {
        workers_.push_back(std::make_unique<Worker>());
      } catch (const std::system_error&) {
        break;
      }
      if (workers_.back()->reserve()) team.push_back(workers_.back().get());
    }
    computing_ += team.size();
    return team;
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::atomic<std::size_t> computing_ = 0;  // callers and workers in teams
};

}  // namespace

void run_team(std::size_t at_most, const Work& work) {
  if (at_most <= 1 || in_team || threads() == 1) {
    work(0);
  } else {
    Pool::instance().run(at_most, work);
  }
}

bool is_in_team() {
  return in_team;
}

void parallel_for(std::int64_t size, std::int64_t grain,
                  const std::function<void(std::int64_t, std::int64_t)>& body) {
  // More parts than threads, so that one whose processor is shared does not hold up the others.
  constexpr std::int64_t kPartsPerThread = 4;
  const std::int64_t most = threads() * kPartsPerThread;
  const std::int64_t share =
      grain * std::max<std::int64_t>(1, (size + grain * most - 1) / (grain * most));
  const std::int64_t n_parts = (size + share - 1) / share;
  if (n_parts <= 1 || in_team || threads() == 1) {
    if (size > 0) body(0, size);
    return;
  }
  std::atomic<std::int64_t> next = 0;
  run_team(static_cast<std::size_t>(n_parts), [&](std::size_t) {
    for (auto part = next++; part < n_parts; part = next++) {
      body(part * share, std::min(size, (part + 1) * share));
    }
  });
}

}  // namespace minillama
