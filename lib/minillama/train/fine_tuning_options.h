#pragma once

#include <cstdint>

#include "minillama/ops/precision.h"
#include "minillama/optim/adamw.h"
#include "minillama/optim/parameter_groups.h"
#include "minillama/optim/schedule.h"
#include "minillama/train/epoch_batches.h"

namespace minillama {

/// How a classifier is trained.
struct FineTuningOptions {
  std::int64_t epochs = 3;    ///< at least 1
  std::int64_t patience = 0;  ///< stop after so many epochs without a better one; 0: never
  /// Of epochs that are as accurate on dev the one with the lowest loss there is the best, not the
  /// first of them.
  bool ties_by_loss = false;
  BatchOptions batches = {};
  AdamWOptions optimizer = {.lr = 2e-4};  ///< norms and biases are not decayed; without clipping
  double max_grad_norm = 1.0;             ///< clips by the norm of all gradients; 0: no clipping
  ScheduleShape schedule = ScheduleShape::linear;  ///< from the warm-up's end to 0
  double warmup = 0.1;       ///< share of all steps in which the learning rate rises, in [0, 1)
  double average_decay = 0;  ///< evaluate and keep a moving average of the weights with this decay
                             ///< (optim/weight_average.h), in [0, 1); 0: the weights themselves
  LearningRateRatios learning_rates = {};  ///< of parameters by those of others
  double mixout =
      0;  ///< share of the Llama's weights that a step takes from before (train/mixout.h)
  Precision precision = Precision::float32;  ///< of matrix products
  /// Divide the loss of a short last batch by the usual size too, and decay all parameters alike.
  bool compatible = false;
  std::int64_t save_every_steps = 0;  ///< save the state so often within an epoch; 0: see below
  double save_every_seconds = 60;     ///< and at least so often; but saving takes 5 % of the time
                                      ///< at most. 0: only between epochs

  /// What suits `n_examples` of any data, training adapters or all weights, with some kept to
  /// evaluate on. Few are seen again and again until there were steps enough to learn, some 2,400
  /// examples in 3 to 20 epochs, and with half the learning rate of many: with all of it LoRA soon
  /// knew 300 sentences of SST by heart. Patience ends what gets no better, ties are broken by
  /// loss.
  static FineTuningOptions fitted(std::int64_t n_examples, bool adapters);

  /// The settings of the CMU assignment's reference. They want PoolingKind::padded_last and full
  /// attention besides.
  static FineTuningOptions cmu2025();

  /// Throws OptionError naming the field and the value if one cannot be used; those of the
  /// optimizer are checked by it.
  void validate() const;
};

}  // namespace minillama
