#pragma once

#include <cstdint>
#include <span>

#include "minillama/text/labelled_sentences.h"

namespace minillama {

/// The label that most of `examples` have, of several the first: whoever always answers with it is
/// the least that a classifier must beat. Throws OptionError if there are no examples or a label
/// does not lie in [0, n_labels).
std::int64_t majority_label(std::span<const LabelledSentence> examples, std::int64_t n_labels);

}  // namespace minillama
