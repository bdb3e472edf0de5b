#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "minillama/io/token_file.h"
#include "minillama/model/language_model.h"
#include "minillama/optim/adamw.h"
#include "minillama/train/pretraining_options.h"
#include "minillama/train/pretraining_progress.h"
#include "minillama/train/run_state.h"
#include "minillama/train/windows.h"

namespace minillama {

/// What a run tells and asks its caller; any of them may be empty.
struct PretrainingHooks {
  std::function<void(std::int64_t step, std::int64_t n_steps, double loss)> after_step = {};
  /// Called before an evaluation, with the state saved: who ends the program during it loses
  /// nothing, and the resumed run begins with it.
  std::function<void()> before_evaluation = {};
  /// Called for every record, before the state is saved. The model is in evaluation mode if there
  /// was an evaluation; `is_best` if no earlier one had as small a loss.
  std::function<void(const PretrainingRecord&, bool is_best)> after_record = {};
  /// Asked after every step: true ends the run there, with its state saved.
  std::function<bool()> should_stop = {};
};

/// A run that trains a language model on a text, with evaluations on another.
///
/// With a state file the run survives being killed at any moment: started again with the same
/// arguments it goes on from the last saved step and ends with the same bits. So do runs with
/// different numbers of threads if a step has several passes and the model no dropout, but for the
/// last bits of evaluations (train/parallel_gradients.h); others need the same number. A run may
/// also go on with other numbers of steps, another schedule or learning rate, and with the windows
/// of a step in other passes.
class Pretraining {
 public:
  enum class Outcome { finished, stopped };

  /// @param generator the one that the model's dropout draws from
  /// Throws OptionError if the options cannot be used, a text is too short or has a larger
  /// vocabulary than the model, or the model is empty.
  Pretraining(LanguageModel model, TokenFile train, TokenFile valid,
              const PretrainingOptions& options, torch::Generator generator);

  Pretraining(const Pretraining&) = delete;  // `windows_` points to `train_`
  Pretraining& operator=(const Pretraining&) = delete;

  /// Keeps the state of this run in the file `path`.
  ///
  /// @param resume go on from what is there; otherwise a run there is an OptionError
  /// Throws OptionError if the run there has other settings or data, FileError if it is damaged.
  void keep_state(const std::filesystem::path& path, bool resume);

  /// Trains until all steps are done or the caller wants to stop. Throws DivergedError if the loss,
  /// a gradient or a weight is not finite; what was saved before is kept.
  Outcome run(const PretrainingHooks& hooks = {});

  std::int64_t steps() const { return progress_.steps; }  ///< that are done
  std::int64_t n_steps() const { return n_steps_; }       ///< that there will be
  const std::vector<PretrainingRecord>& records() const { return progress_.records; }

  /// Everything that the end result depends on beside the steps, to tell one run from another: a
  /// JSON object.
  std::string settings() const;

 private:
  /// One step of the optimizer; returns the loss per token.
  double step();
  /// Computes the gradients of a step; returns its loss per token.
  double compute_gradients();
  bool evaluation_is_due() const;
  void record(bool evaluate, const PretrainingHooks& hooks);

  RunTensors tensors();
  void save_state();

  LanguageModel model_;
  TokenFile train_;
  TokenFile valid_;
  PretrainingOptions options_;
  torch::Generator generator_;
  AdamW optimizer_;
  WindowStream windows_;
  std::int64_t n_steps_;
  PretrainingProgress progress_;
  RunState state_;
};

}  // namespace minillama
