#include "minillama/text/balanced_sample.h"

#include <random>

#include "minillama/core/random_order.h"
#include "minillama/core/require.h"

namespace minillama {

std::vector<std::size_t> draw_balanced(std::span<const LabelledSentence> examples,
                                       std::span<const std::string> label_names, std::int64_t n,
                                       std::uint64_t seed) {
  require(n >= 0, "the number of examples to draw", n, "be 0 or positive");
  const auto n_labels = label_names.size();
  if (n == 0) return {};
  require(n_labels >= 1, "the number of labels", n_labels, "be at least 1");
  std::mt19937_64 random(seed);
  std::vector<std::size_t> missing(n_labels, static_cast<std::size_t>(n) / n_labels);
  const auto labels = random_order(n_labels, random);
  for (std::size_t i = 0; i < static_cast<std::size_t>(n) % n_labels; ++i) ++missing[labels[i]];

  std::vector<std::size_t> drawn;
  for (const auto index : random_order(examples.size(), random)) {
    const auto label = examples[index].label;
    require_below(label, "an example's label", n_labels);
    auto& of_label = missing[static_cast<std::size_t>(label)];
    if (of_label == 0) continue;
    --of_label;
    drawn.push_back(index);
  }
  for (std::size_t label = 0; label < n_labels; ++label) {
    if (missing[label] == 0) continue;
    throw OptionError(
        fmt::format("{} examples, as many of each label: {} more examples are needed "
                    "of the label {}",
                    n, missing[label], quote(label_names[label])));
  }
  return drawn;
}

}  // namespace minillama
