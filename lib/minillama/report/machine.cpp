#include "minillama/report/machine.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include <fmt/format.h>

#include "minillama/core/processors.h"
#include "minillama/core/threads.h"

namespace minillama {
namespace {

/// As Linux calls it; "" where it does not.
std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name")) continue;
    const auto begin = line.find_first_not_of(" \t", line.find(':') + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

}  // namespace

std::vector<RunFact> machine_facts() {
  std::vector<RunFact> facts;
  if (const auto name = processor_name(); !name.empty()) facts.push_back({"processor", name});
  facts.push_back({"processors", std::to_string(available_processors())});
  facts.push_back({"threads", std::to_string(threads())});
  const auto pages = ::sysconf(_SC_PHYS_PAGES), page = ::sysconf(_SC_PAGESIZE);
  if (pages > 0 && page > 0) {
    const double bytes = static_cast<double>(pages) * static_cast<double>(page);
    facts.push_back({"memory", fmt::format("{:.1f} GiB", bytes / (1 << 30))});
  }
  utsname system{};
  if (::uname(&system) == 0) {
    facts.push_back(
        {"system", fmt::format("{} {} {}", system.sysname, system.release, system.machine)});
  }
  return facts;
}

}  // namespace minillama
