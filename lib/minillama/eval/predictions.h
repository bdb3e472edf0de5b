#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace minillama {

/// Writes the CMU assignment's prediction file: a line "{label} ||| {sentence}" for each sentence,
/// whose own line ends become spaces. The file appears whole or not at all. Throws OptionError,
/// before anything is written, unless there are as many labels as sentences; IoError.
void write_predictions(const std::filesystem::path& path, std::span<const std::int64_t> labels,
                       std::span<const std::string> sentences);

}  // namespace minillama
