#pragma once

#include <string>

#include "minillama/data/data_check.h"

namespace minillama::app {

/// A table of the examples of each label in each part, with their share, and below it a line for
/// each trouble that there is.
std::string data_report_text(const DataReport& report);

}  // namespace minillama::app
