#pragma once

#include <vector>

#include "minillama/report/run_summary.h"

namespace minillama {

/// What this program runs on: processor, how many of them it may use and how many threads compute,
/// memory, operating system.
std::vector<RunFact> machine_facts();

}  // namespace minillama
