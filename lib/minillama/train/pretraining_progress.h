#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "minillama/train/pretraining_record.h"

namespace minillama {

/// How far a run of pretraining is: all that changes as it goes, beside tensors.
struct PretrainingProgress {
  std::int64_t steps = 0;       ///< that are done
  double seconds = 0;           ///< of training in all
  double loss_sum = 0;          ///< over the steps since the last record
  std::int64_t loss_count = 0;  ///< of those steps
  double loss_seconds = 0;      ///< that they took
  double learning_rate = 0;     ///< of the last step
  double grad_norm = 0;         ///< of the last step
  std::vector<PretrainingRecord> records = {};

  /// To a JSON object, with all bits of every number, and back. Throws FileError naming `path` on
  /// anything else.
  std::string to_json() const;
  static PretrainingProgress from_json(const std::string& text, const std::filesystem::path& path);
};

}  // namespace minillama
