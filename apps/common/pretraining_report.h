#pragma once

#include <span>

#include "minillama/report/run_report.h"
#include "minillama/train/pretraining_record.h"

namespace minillama::app {

/// Adds the curves of a run of pretraining to its report, and what it came to.
void add_pretraining(std::span<const PretrainingRecord> records, RunReport& report);

}  // namespace minillama::app
