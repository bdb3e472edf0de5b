#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "minillama/train/examples.h"

namespace minillama {

/// A weight for each label with which all labels that occur count alike: of N examples with K
/// different labels, N / (K n) for a label that n of them have, so that the mean over the examples
/// is 1; and 1 for a label of none. Throws OptionError if a label lies outside [0, n_labels).
std::vector<double> balanced_class_weights(std::span<const std::int64_t> labels,
                                           std::int64_t n_labels);

/// Makes each example count so many times more as its label's weight says. Throws OptionError, and
/// changes nothing, if a label has no weight or one is not positive and finite.
void weigh_classes(Examples& examples, std::span<const double> class_weights);

}  // namespace minillama
