#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "minillama/text/labelled_sentences.h"

namespace minillama {

/// The places of `n` different ones of the examples, in a drawn order: of each label as many as of
/// any other, or one more of some, which are drawn. Depends on nothing but the arguments. Throws
/// OptionError if `n` is negative, an example has a label without a name, or there are too few
/// examples of a label.
std::vector<std::size_t> draw_balanced(std::span<const LabelledSentence> examples,
                                       std::span<const std::string> label_names, std::int64_t n,
                                       std::uint64_t seed);

}  // namespace minillama
