#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace minillama {

/// What one epoch of training came to.
struct EpochMetrics {
  std::int64_t epoch = 0;  ///< from 1
  double train_loss = 0;   ///< mean over the sentences, as they came by, dropout and all
  double dev_loss = 0;     ///< mean over the sentences afterwards
  double dev_accuracy = 0;
  double dev_macro_f1 = 0;
  double tokens_per_second = 0;  ///< in training; padding does not count
  double seconds = 0;            ///< of training, without the evaluation

  bool operator==(const EpochMetrics&) const = default;
};

/// To one line of JSON, without its end, and back. Throws FileError naming `path` on anything else.
std::string to_json_line(const EpochMetrics& metrics);
EpochMetrics epoch_metrics_from_json(const std::string& line, const std::filesystem::path& path);

/// Writes a file of such lines, whole or not at all. Throws IoError.
void write_metrics(const std::filesystem::path& path, std::span<const EpochMetrics> epochs);

}  // namespace minillama
