#pragma once

#include <cstdint>

#include "minillama/core/named_tensors.h"
#include "minillama/model/classifier.h"

namespace minillama {

/// A model soup (Wortsman et al. 2022, arXiv:2203.05482): the mean of the weights of classifiers
/// that were fine-tuned from one model, with their heads,
///
///     weight = 1 / n sum_i weight_i
///
/// which answers like an ensemble of them and costs what one costs. Adapters are made part of the
/// weights first. Of one thread at a time.
class WeightSoup {
 public:
  /// `model` is the first ingredient, and has the mean from now on. Throws OptionError if it is
  /// empty, or has adapters beside frozen weights.
  explicit WeightSoup(Classifier model);

  /// Takes in one more, whose adapters become part of its weights. Throws OptionError if it has
  /// other labels, another pooling or template or other weights than the first, by name or shape.
  void add(Classifier ingredient);

  /// Takes the one that was added last out again, to the bit. Throws OptionError unless add() was
  /// called since.
  void take_back();

  std::int64_t n_ingredients() const { return n_; }

 private:
  Classifier model_;
  std::int64_t n_ = 1;
  NamedTensors before_;  // the mean before the last add(); empty: none
};

}  // namespace minillama
