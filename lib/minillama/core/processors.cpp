#include "minillama/core/processors.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <thread>

namespace minillama {
namespace {

namespace fs = std::filesystem;

constexpr double kUnlimited = std::numeric_limits<double>::infinity();

/// Processors' worth of time, given as microseconds in each period of so many.
double processors(double quota, double period) {
  return quota > 0 && period > 0 ? quota / period : kUnlimited;
}

/// The next number; none if the file is absent or says "max".
std::optional<double> number_in(std::istream& in) {
  double number = 0;
  if (in >> number) return number;
  return std::nullopt;
}

/// What one group of version 2 grants: "QUOTA PERIOD" or "max PERIOD".
double grant_of_version_2(const fs::path& group) {
  std::ifstream file(group / "cpu.max");
  const auto quota = number_in(file);
  const auto period = quota ? number_in(file) : std::nullopt;
  return period ? processors(*quota, *period) : kUnlimited;
}

/// What one group of version 1 grants; a quota of -1 is none.
double grant_of_version_1(const fs::path& group) {
  std::ifstream quota_file(group / "cpu.cfs_quota_us"), period_file(group / "cpu.cfs_period_us");
  const auto quota = number_in(quota_file), period = number_in(period_file);
  return quota && period ? processors(*quota, *period) : kUnlimited;
}

/// The least that the group at `path` below `mount` and the groups around it grant.
template <typename Grant>
double least_grant(const fs::path& mount, const fs::path& path, const Grant& grant) {
  double least = grant(mount);
  fs::path group = mount;
  for (const fs::path& name : path.relative_path()) {
    group /= name;
    least = std::min(least, grant(group));
  }
  return least;
}

/// Whether "cpu" is in a list with commas.
bool names_cpu(std::string_view controllers) {
  while (!controllers.empty()) {
    const auto name = controllers.substr(0, controllers.find(','));
    if (name == "cpu") return true;
    controllers.remove_prefix(std::min(controllers.size(), name.size() + 1));
  }
  return false;
}

/// What a line "NUMBER:CONTROLLERS:PATH" of /proc/PID/cgroup comes to.
double grant_of_line(std::string_view line, const fs::path& mount) {
  const auto first = line.find(':');
  if (first == std::string_view::npos) return kUnlimited;
  const auto second = line.find(':', first + 1);
  if (second == std::string_view::npos) return kUnlimited;
  const auto controllers = line.substr(first + 1, second - first - 1);
  const fs::path path = std::string(line.substr(second + 1));
  if (controllers.empty()) {
    // Beside version 1, version 2 may be mounted one level below.
    return std::min(least_grant(mount, path, grant_of_version_2),
                    least_grant(mount / "unified", path, grant_of_version_2));
  }
  if (!names_cpu(controllers)) return kUnlimited;
  return std::min(least_grant(mount / "cpu", path, grant_of_version_1),
                  least_grant(mount / std::string(controllers), path, grant_of_version_1));
}

}  // namespace

int granted_processors(std::string_view groups, const fs::path& mount) {
  double least = kUnlimited;
  while (!groups.empty()) {
    const auto line = groups.substr(0, groups.find('\n'));
    groups.remove_prefix(std::min(groups.size(), line.size() + 1));
    least = std::min(least, grant_of_line(line, mount));
  }
  if (least > std::numeric_limits<int>::max()) return 0;
  return static_cast<int>(std::ceil(least));
}

int available_processors() {
  cpu_set_t set;
  int count = ::sched_getaffinity(0, sizeof(set), &set) == 0
                  ? CPU_COUNT(&set)
                  : static_cast<int>(std::thread::hardware_concurrency());
  std::ifstream file("/proc/self/cgroup");
  const std::string groups(std::istreambuf_iterator<char>(file), {});
  if (const int granted = granted_processors(groups, "/sys/fs/cgroup"); granted > 0) {
    count = std::min(count, granted);
  }
  return std::max(1, count);
}

}  // namespace minillama
