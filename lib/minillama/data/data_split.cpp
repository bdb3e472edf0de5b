#include "minillama/data/data_split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <string_view>
#include <unordered_map>

#include "minillama/core/random_order.h"
#include "minillama/core/require.h"

namespace minillama {
namespace {

enum class Part { train, dev, test };

/// The different texts of each label, in the order in which they come first.
std::map<std::int64_t, std::vector<std::string_view>> texts_by_label(
    std::span<const LabelledSentence> examples, std::unordered_map<std::string_view, Part>& parts) {
  std::map<std::int64_t, std::vector<std::string_view>> texts;
  for (const auto& example : examples) {
    const bool is_new = parts.emplace(example.sentence, Part::train).second;
    if (is_new) texts[example.label].emplace_back(example.sentence);
  }
  return texts;
}

std::size_t share_of(std::size_t n, double share) {
  if (share == 0) return 0;
  const auto rounded = std::floor(static_cast<double>(n) * share + 0.5);
  return std::max<std::size_t>(static_cast<std::size_t>(rounded), 1);
}

struct Sizes {
  std::size_t dev;
  std::size_t test;
};

/// How many of `n` texts the parts get; one at least is left for training.
Sizes sizes_of(std::size_t n, const SplitOptions& options) {
  Sizes sizes{.dev = share_of(n, options.dev), .test = share_of(n, options.test)};
  while (sizes.dev + sizes.test > n - 1) --(sizes.dev > sizes.test ? sizes.dev : sizes.test);
  return sizes;
}

}  // namespace

DataSplit split_data(std::span<const LabelledSentence> examples, const SplitOptions& options) {
  require(options.dev >= 0 && options.dev < 1, "the share of dev", options.dev,
          "be at least 0 and less than 1");
  require(options.test >= 0 && options.test < 1, "the share of test", options.test,
          "be at least 0 and less than 1");
  const double both = options.dev + options.test;
  require(both > 0 && both < 1, "the share of dev and test together", both,
          "be positive and less than 1");

  std::unordered_map<std::string_view, Part> parts;
  std::mt19937_64 random(options.seed);
  for (const auto& [label, texts] : texts_by_label(examples, parts)) {
    const auto sizes = sizes_of(texts.size(), options);
    const auto order = random_order(texts.size(), random);
    for (std::size_t i = 0; i < sizes.dev; ++i) parts[texts[order[i]]] = Part::dev;
    for (std::size_t i = 0; i < sizes.test; ++i) parts[texts[order[sizes.dev + i]]] = Part::test;
  }
  DataSplit split;
  for (const auto& example : examples) {
    const auto part = parts.at(example.sentence);
    (part == Part::train ? split.train
     : part == Part::dev ? split.dev
                         : split.test)
        .push_back(example);
  }
  return split;
}

}  // namespace minillama
