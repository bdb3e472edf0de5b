#pragma once

#include <string>
#include <vector>

#include "minillama/data/data_check.h"

namespace minillama {

/// What in a report makes the data doubtful, in words: a line for each trouble, none where all is
/// well.
std::vector<std::string> data_troubles(const DataReport& report);

}  // namespace minillama
