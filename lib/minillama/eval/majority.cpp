#include "minillama/eval/majority.h"

#include <algorithm>
#include <vector>

#include "minillama/core/require.h"

namespace minillama {

std::int64_t majority_label(std::span<const LabelledSentence> examples, std::int64_t n_labels) {
  require(n_labels >= 1, "the number of labels", n_labels, "be at least 1");
  require(!examples.empty(), "the number of examples", examples.size(), "be at least 1");
  std::vector<std::size_t> counts(static_cast<std::size_t>(n_labels));
  for (const auto& example : examples) {
    require_below(example.label, "an example's label", n_labels);
    ++counts[static_cast<std::size_t>(example.label)];
  }
  return std::ranges::max_element(counts) - counts.begin();
}

}  // namespace minillama
