#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "minillama/core/named_tensors.h"
#include "minillama/model/classifier.h"
#include "minillama/optim/adamw.h"
#include "minillama/optim/weight_average.h"
#include "minillama/train/cross_entropy.h"
#include "minillama/train/examples.h"
#include "minillama/train/fine_tuning_options.h"
#include "minillama/train/fine_tuning_progress.h"
#include "minillama/train/mixout.h"
#include "minillama/train/run_state.h"

namespace minillama {

/// Where a run stands after a step.
struct StepReport {
  std::int64_t epoch;      ///< from 1
  std::int64_t batch;      ///< batches of this epoch that are done
  std::int64_t n_batches;  ///< of this epoch
  double loss;             ///< of the last batch
  double learning_rate;    ///< in it, before a group's own factor
};

/// What a run tells and asks its caller; any of them may be empty.
struct FineTuningHooks {
  std::function<void(const StepReport&)> after_step = {};
  /// Called before an epoch's evaluation, with the state saved: who ends the program during it
  /// loses nothing of the training.
  std::function<void()> before_evaluation = {};
  /// Called after an epoch's evaluation, while the model has that epoch's weights; `is_best` if no
  /// earlier one did as well on dev.
  std::function<void(const EpochMetrics&, bool is_best)> after_epoch = {};
  /// Asked after every step: true ends the run there, with its state saved.
  std::function<bool()> should_stop = {};
};

/// A run that trains a classifier: epochs of steps, each followed by an evaluation on dev. The best
/// epoch's weights win. Parameters that require no gradient stay as they are (model/adapters.h).
///
/// With a state file the run survives being killed at any moment: started again with the same
/// arguments it goes on from the last saved step and ends with the same bits, given the same number
/// of threads.
class FineTuning {
 public:
  enum class Outcome { finished, stopped };

  /// @param generator the one that the model's dropout draws from; draws the order of examples too
  /// @param objective what the steps make smaller; evaluation is the cross-entropy's in any case
  /// Throws OptionError if the options or examples cannot be used (Examples::validate()), there are
  /// no examples, or the model, the generator or the objective is empty.
  FineTuning(Classifier model, Examples train, Examples dev, const FineTuningOptions& options,
             torch::Generator generator, std::shared_ptr<Objective> objective = cross_entropy());

  /// Keeps the state of this run in the file `path`.
  ///
  /// @param resume go on from what is there; otherwise a run there is an OptionError
  /// Throws OptionError if the run there has other settings or data, FileError if it is damaged.
  ///
  /// A finished run may have more epochs now. It is prolonged, and then as if another run began
  /// with the weights of its best epoch: with new moments, and a learning rate that rises and falls
  /// anew over the epochs that are added; the figures and the best epoch of those before stay. So
  /// it does not end with the bits of a run that had as many epochs from the start, whose learning
  /// rate would have fallen more slowly.
  void keep_state(const std::filesystem::path& path, bool resume);

  /// Trains until all epochs are done, patience is at its end, or the caller wants to stop. When
  /// finished, the model has the weights of the best epoch. Throws DivergedError if a loss, a
  /// gradient or a weight is not finite; what was saved before is kept.
  Outcome run(const FineTuningHooks& hooks = {});

  /// Ends a run that was stopped: the model has the weights of the best epoch so far. Throws
  /// OptionError if no epoch is done.
  void finish();

  std::int64_t steps() const { return progress_.steps; }  ///< that are done
  const std::vector<EpochMetrics>& metrics() const { return progress_.metrics; }
  /// What the steps came to, in at most some hundred records.
  const std::vector<StepRecord>& records() const { return progress_.records; }
  /// The one with the best accuracy on dev, of several the first, or that with the lowest loss
  /// (FineTuningOptions::ties_by_loss); 0: none yet.
  std::int64_t best_epoch() const { return progress_.best_epoch; }

  /// Everything that the end result depends on, to tell one run from another: a JSON object.
  std::string settings() const;

 private:
  bool is_done() const;
  bool is_better(const EpochMetrics& metrics) const;
  void prolong();
  /// One step on the examples; returns its loss.
  double step(std::span<const std::size_t> batch, std::int64_t divisor);
  /// Trains to the end of the epoch under way; false if the caller wants to stop before.
  bool train_epoch(const FineTuningHooks& hooks);
  void finish_epoch(const FineTuningHooks& hooks);
  /// Draws the batches of the epoch under way, the same ones whenever it is asked during it.
  std::vector<std::vector<std::size_t>> draw_batches();
  NamedTensors trainable() const;

  /// Adds a step to the records; one is made of `every` steps.
  void record(double loss, double learning_rate, std::int64_t n_batches, std::int64_t every);
  RunTensors tensors();
  void save_state();

  Classifier model_;
  Examples train_;
  Examples dev_;
  FineTuningOptions options_;
  torch::Generator generator_;
  std::shared_ptr<Objective> objective_;
  AdamW optimizer_;
  std::optional<Mixout> mixout_;
  std::optional<WeightAverage> average_;
  std::vector<double> learning_rates_;  // of its groups, before the schedule
  FineTuningProgress progress_;
  torch::Tensor epoch_start_;  // state of the generator when the epoch under way began
  NamedTensors best_;          // weights of the best epoch
  RunState state_;
};

}  // namespace minillama
