#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "minillama/train/epoch_metrics.h"

namespace minillama {

/// What some steps of fine-tuning came to.
struct StepRecord {
  double epoch = 0;          ///< times through the training set by then
  double loss = 0;           ///< mean over the steps since the last record
  double learning_rate = 0;  ///< of the last step, before a group's own factor

  bool operator==(const StepRecord&) const = default;
};

/// How far a run of fine-tuning is: all that changes as it goes, beside tensors.
struct FineTuningProgress {
  std::int64_t epochs = 0;   ///< that are done
  std::int64_t batches = 0;  ///< that are done of the epoch under way
  std::int64_t steps = 0;    ///< that are done in all
  double loss_sum = 0;       ///< over the examples of the epoch under way
  std::int64_t examples = 0;
  std::int64_t tokens = 0;
  double seconds = 0;
  std::vector<EpochMetrics> metrics = {};  ///< of the epochs that are done
  std::vector<StepRecord> records = {};
  double record_loss = 0;         ///< over the steps since the last record
  std::int64_t record_steps = 0;  ///< those steps
  std::int64_t best_epoch = 0;    ///< from 1; 0: none yet
  bool finished = false;
  std::int64_t begun = 0;  ///< of a prolonged run the epochs that were done before

  /// To a JSON object, with all bits of every number, and back. Throws FileError naming `path` on
  /// anything else.
  std::string to_json() const;
  static FineTuningProgress from_json(const std::string& text, const std::filesystem::path& path);
};

}  // namespace minillama
