#pragma once

// Not part of the public interface: the threads that compute.

#include <cstddef>
#include <cstdint>
#include <functional>

namespace minillama {

/// Calls work(0) on this thread and work(1) … work(n - 1) on threads of the process's one pool, for
/// an n of at most `at_most`; returns when all have returned, and throws on what one of them threw.
///
/// Only threads that have nothing else to do take part, and only so many that no more than
/// threads() (core/threads.h) compute in the process, callers included. One that has not begun when
/// work(0) is done is not waited for and does not begin. So work(0) alone must be able to do
/// everything: what there is to do is handed out to whoever asks for it next. A team within a team
/// is its caller alone. Any number of threads may call this.
void run_team(std::size_t at_most, const std::function<void(std::size_t member)>& work);

/// Whether this thread is a member of a team.
bool is_in_team();

/// Calls body(begin, end) for parts of [0, size), which begin at multiples of `grain`, shared out
/// among a team.
void parallel_for(std::int64_t size, std::int64_t grain,
                  const std::function<void(std::int64_t begin, std::int64_t end)>& body);

}  // namespace minillama
