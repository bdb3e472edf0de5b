#include "minillama/train/examples.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "minillama/core/check.h"

namespace minillama {

void Examples::validate(std::int64_t n_labels) const {
  if (labels.size() != ids.size()) {
    throw OptionError(fmt::format("{} labels for {} examples", labels.size(), ids.size()));
  }
  if (!weights.empty() && weights.size() != ids.size()) {
    throw OptionError(fmt::format("{} weights for {} examples", weights.size(), ids.size()));
  }
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (std::isfinite(weights[i]) && weights[i] > 0) continue;
    throw OptionError(fmt::format("example {} has the weight {}, must be positive", i, weights[i]));
  }
  if (!targets.empty() && targets.size() != ids.size()) {
    throw OptionError(fmt::format("{} targets for {} examples", targets.size(), ids.size()));
  }
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto is_share = [](double p) { return p >= 0 && p <= 1; };
    if (std::ssize(targets[i]) == n_labels && std::ranges::all_of(targets[i], is_share)) continue;
    throw OptionError(
        fmt::format("the target of example {} is not {} numbers from 0 to 1", i, n_labels));
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i].empty()) throw OptionError(fmt::format("example {} has no tokens", i));
    if (labels[i] >= 0 && labels[i] < n_labels) continue;
    throw OptionError(fmt::format("example {} has the label {}, must lie between 0 and {}", i,
                                  labels[i], n_labels - 1));
  }
}

Examples encode(const ModuleTextClassifier& classifier,
                std::span<const LabelledSentence> sentences) {
  Examples examples{.pad_id = classifier.tokenizer().pad_id()};
  std::vector<std::string> texts;
  for (const auto& example : sentences) {
    texts.push_back(example.sentence);
    examples.labels.push_back(example.label);
    examples.weights.push_back(example.weight);
  }
  const auto counts_once = [](double weight) { return weight == 1; };
  if (std::ranges::all_of(examples.weights, counts_once)) examples.weights.clear();
  auto [ids, is_shortened] = classifier.encode(texts);
  examples.ids = std::move(ids);
  examples.n_shortened = std::ranges::count(is_shortened, 1);
  return examples;
}

}  // namespace minillama
