#pragma once

#include <filesystem>
#include <string_view>

namespace minillama {

/// The processors that this process may use at once: those of its affinity mask (taskset, cpusets),
/// and no more than the processor time that its control groups grant it (a container's limit),
/// rounded up. At least 1.
int available_processors();

/// The processors' worth of time that control groups grant a process, rounded up; 0 if they set no
/// limit. `groups` is the text of its /proc/PID/cgroup and `mount` where the groups' files are: of
/// version 2 (cpu.max) or 1 (cpu.cfs_quota_us). The group itself and those around it count, as far
/// as they are visible.
int granted_processors(std::string_view groups, const std::filesystem::path& mount);

}  // namespace minillama
