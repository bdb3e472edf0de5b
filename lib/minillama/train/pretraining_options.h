#pragma once

#include <cstdint>
#include <optional>

#include "minillama/ops/precision.h"
#include "minillama/optim/adamw.h"
#include "minillama/optim/schedule.h"

namespace minillama {

/// How a language model is trained on a text.
struct PretrainingOptions {
  std::int64_t window = 512;    ///< tokens of a window, at most the model's max_seq_len
  std::int64_t batch_size = 8;  ///< windows in a forward pass
  std::int64_t accumulate = 1;  ///< passes whose gradients make one step
  double epochs = 1;            ///< times through the text, unless `steps` is given
  std::int64_t steps = 0;       ///< to train in all; 0: as many as the epochs have
  AdamWOptions optimizer = {.lr = 1e-3, .beta2 = 0.95, .weight_decay = 0.1};
  double max_grad_norm = 1.0;  ///< clips by the norm of all gradients; 0: no clipping
  ScheduleShape schedule = ScheduleShape::cosine;
  /// Steps in which the learning rate rises; if empty 100, but at most a tenth of all.
  std::optional<std::int64_t> warmup_steps = {};
  std::int64_t cooldown_steps = 0;  ///< at the end, of ScheduleShape::trapezoid
  double floor = 0.1;               ///< share of the learning rate that is left at the end
  std::uint64_t seed = 1337;        ///< of the windows' order
  Precision precision = Precision::float32;
  std::int64_t record_every = 10;     ///< steps between records of the training loss
  std::int64_t evaluate_every = 200;  ///< steps between evaluations; one more comes at the end
  std::int64_t valid_windows = 128;   ///< windows of the validation text to measure; 0: all
  double save_every_seconds = 120;    ///< between saves of the state; but saving takes 5 % of the
                                      ///< time at most. 0: only after evaluations

  /// Throws OptionError naming the field and the value if one cannot be used; those of the
  /// optimizer and of the schedule are checked by them.
  void validate() const;
};

}  // namespace minillama
