#include "minillama/text/shots.h"

#include "minillama/core/require.h"
#include "minillama/text/balanced_sample.h"

namespace minillama {

std::vector<Shot> draw_shots(std::span<const LabelledSentence> examples,
                             std::span<const std::string> label_names, std::int64_t n,
                             std::uint64_t seed) {
  require(n >= 0, "shots", n, "be 0 or positive");
  std::vector<Shot> shots;
  for (const auto index : draw_balanced(examples, label_names, n, seed)) {
    const auto& example = examples[index];
    shots.push_back({example.sentence, label_names[static_cast<std::size_t>(example.label)]});
  }
  return shots;
}

}  // namespace minillama
