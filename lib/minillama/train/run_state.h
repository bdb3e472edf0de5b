#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <torch/types.h>

#include "minillama/core/named_tensors.h"
#include "minillama/model/training_state.h"
#include "minillama/optim/adamw.h"
#include "minillama/train/save_clock.h"

namespace minillama {

/// What the steps of any run change. The tensors are the run's own, not copies.
struct RunTensors {
  NamedTensors model;  ///< the parameters that are trained
  AdamW& optimizer;
  torch::Generator generator;
  NamedTensors generator_states = {};  ///< earlier ones that the run needs again

  /// Adds them to `state`, as the groups "model", "optimizer" and "generator".
  void add_to(TrainingState& state) const;

  /// Gives them the values that they have in `state`, which came from `path`. Throws InputError if
  /// those are of other tensors.
  void restore_from(const TrainingState& state, const std::filesystem::path& path);
};

/// The file that keeps the state of a run, so that it can be resumed. There is none until open().
class RunState {
 public:
  /// @param save_every_seconds as SaveClock takes it
  explicit RunState(double save_every_seconds) : clock_(save_every_seconds) {}

  /// Keeps the state in the file `path` from now on. Returns the state that is there, if one is.
  ///
  /// @param settings all that the end result depends on (train/run_settings.h), as JSON
  /// @param resume   whether a state may be there; otherwise one is an OptionError
  /// @param may_differ the setting that may be another now than in the state
  /// Throws OptionError if the run there has other settings, FileError if its state is damaged.
  std::optional<TrainingState> open(const std::filesystem::path& path, const std::string& settings,
                                    bool resume, std::string_view may_differ = {});

  bool is_kept() const { return !path_.empty(); }
  const std::filesystem::path& path() const { return path_; }
  bool is_due() const { return is_kept() && clock_.is_due(); }

  /// Writes `state` together with the settings, if a state is kept. Throws DivergedError, and
  /// leaves the file as it was, if a parameter is not finite; IoError.
  void save(TrainingState state);

 private:
  std::filesystem::path path_;
  std::string settings_;
  SaveClock clock_;
};

}  // namespace minillama
