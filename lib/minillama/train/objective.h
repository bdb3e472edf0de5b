#pragma once

#include <cstdint>
#include <string>

#include "minillama/core/named_tensors.h"
#include "minillama/model/classifier.h"
#include "minillama/train/training_passes.h"

namespace minillama {

/// A batch of B examples as an objective sees it.
struct ObjectiveBatch {
  Classifier& model;             ///< in training mode
  const ClassifierInput& input;  ///< for passes of the objective's own
  torch::Tensor pooled;    ///< [n_passes() B, D], pass by pass, which model->classify() takes; its
                           ///< gradient reaches the Llama; undefined if there are no passes
  TrainingPasses& passes;  ///< for more passes, or passes of what lies around the batch
  torch::Tensor labels;    ///< [B] int64, each in [0, L)
  std::int64_t divisor;    ///< of sums over the batch: its size, or what stands for it
  torch::Tensor weights;   ///< [B], how much each example counts; undefined: all alike
  torch::Tensor targets;   ///< [B, L], how probable each label is; undefined: certain, as `labels`
};

/// What a step of fine-tuning makes smaller: a differentiable function of a batch and the model.
///
/// Most objectives are a function of model->classify(batch.pooled) and the labels; the pass that
/// made `pooled` is divided between threads. Others ask for passes of their own, or compute what
/// they need from `batch.input`. Of one run at a time.
class Objective {
 public:
  virtual ~Objective() = default;

  /// Which objective this is, with its settings: a run is not resumed under another name.
  virtual std::string name() const = 0;

  /// How often each batch passes through the model, every time with dropout masks of its own,
  /// before loss() is asked; 0: loss() makes its passes itself, by batch.passes.
  virtual std::int64_t n_passes() const { return 1; }

  /// Called when a run begins, with the model that it trains.
  virtual void begin(Classifier& /*model*/) {}

  /// What it keeps from step to step. Not copies: what resumes a run writes to them.
  virtual NamedTensors state() { return {}; }

  /// The loss, a scalar.
  virtual torch::Tensor loss(const ObjectiveBatch& batch) = 0;
};

}  // namespace minillama
