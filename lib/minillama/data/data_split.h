#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "minillama/text/labelled_sentences.h"

namespace minillama {

/// How one set of examples becomes two or three.
struct SplitOptions {
  double dev = 0.1;  ///< share of the examples to evaluate on while training
  double test = 0;   ///< share of those to evaluate on at the end; 0: no such part
  std::uint64_t seed = 0;
};

/// The parts, each in the order of the whole.
struct DataSplit {
  std::vector<LabelledSentence> train;
  std::vector<LabelledSentence> dev;
  std::vector<LabelledSentence> test;
};

/// Divides `examples` so that each part has its share of each label (stratified), and so that no
/// text is in two parts: what is drawn are different texts, each with all examples that have it; a
/// text under several labels counts as its first example's.
///
/// Of n texts with a label a part gets its share rounded to the nearest, but at least one, as long
/// as there are enough: the first goes to training, the second to dev. What is drawn depends on
/// nothing but the arguments. Throws OptionError unless both shares are at least 0 and their sum is
/// positive and less than 1.
DataSplit split_data(std::span<const LabelledSentence> examples, const SplitOptions& options);

}  // namespace minillama
