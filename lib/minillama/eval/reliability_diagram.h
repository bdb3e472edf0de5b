#pragma once

#include <span>
#include <string>

#include "minillama/eval/calibration.h"

namespace minillama {

/// Draws predictions' reliability (eval/calibration.h) as SVG: of each bin the share that is right,
/// with its 95 % interval (eval/interval.h), beside the mean probability and the diagonal, on which
/// both are equal; below, how many answers there are; as a number, the expected calibration error.
/// Light or dark, as the reader's screen is. Throws OptionError if there are no bins.
std::string reliability_diagram(std::span<const ReliabilityBin> bins);

}  // namespace minillama
