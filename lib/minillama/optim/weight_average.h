#pragma once

#include <cstdint>

#include "minillama/core/named_tensors.h"

namespace minillama {

/// The moving average of a model's weights over its steps (Polyak and Juditsky 1992; exponential):
///
///     average = d average + (1 - d) weight,  d = min(decay, (1 + t) / (10 + t))
///
/// after step t = 1, 2, …, so that the first steps do not weigh for ever. The optimizer knows
/// nothing of it. Of one thread at a time.
class WeightAverage {
 public:
  /// Begins with copies of `weights`, whose memory it goes on to read.
  /// Throws OptionError unless the decay lies in (0, 1).
  WeightAverage(const NamedTensors& weights, double decay);

  /// Takes in the weights after step t, from 1.
  void update(std::int64_t t);

  /// The same with d = decay, as of a step long after the first.
  void update();

  /// Exchanges the values of the weights and the averages.
  void swap();

  /// The averages, under the weights' names. Not copies: who restores a run writes to them.
  const NamedTensors& tensors() const { return averages_; }

 private:
  void take_in(double decay);

  NamedTensors weights_;
  NamedTensors averages_;
  double decay_;
};

/// While it lives the weights of `average` have the averages' values; null changes nothing.
class AveragedWeights {
 public:
  explicit AveragedWeights(WeightAverage* average);
  ~AveragedWeights();
  AveragedWeights(const AveragedWeights&) = delete;
  AveragedWeights& operator=(const AveragedWeights&) = delete;

 private:
  WeightAverage* average_;
};

}  // namespace minillama
