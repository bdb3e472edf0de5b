#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "minillama/train/language_modelling.h"

namespace minillama {

/// What some steps of pretraining came to, and the evaluation after them, if there was one.
struct PretrainingRecord {
  std::int64_t step = 0;         ///< steps that were done by then
  std::int64_t tokens = 0;       ///< trained on by then
  double epoch = 0;              ///< times through the text by then
  double learning_rate = 0;      ///< of the last step
  double train_loss = 0;         ///< per token, mean over the steps since the last record
  double grad_norm = 0;          ///< of the last step, before clipping; 0 if it was not measured
  double tokens_per_second = 0;  ///< in these steps
  double seconds = 0;            ///< of training by then
  std::optional<LanguageModelFigures> valid = {};

  bool operator==(const PretrainingRecord&) const = default;
};

/// To one line of JSON, without its end, and back. Throws FileError naming `path` on anything else.
std::string to_json_line(const PretrainingRecord& record);
PretrainingRecord pretraining_record_from_json(const std::string& line,
                                               const std::filesystem::path& path);

/// Writes a file of such lines, whole or not at all. Throws IoError.
void write_records(const std::filesystem::path& path, std::span<const PretrainingRecord> records);

}  // namespace minillama
