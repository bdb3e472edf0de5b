#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "minillama/report/run_summary.h"

namespace minillama {

/// The file in a run's folder that holds its RunSummary, and the one that tells it.
inline constexpr const char* kSummaryFile = "report.json";
inline constexpr const char* kReportFile = "report.html";

/// A page that compares runs, as run_report_html() makes one of a run: what they came to, their
/// curves over each other, the settings and machines that differ. Throws OptionError if there are
/// no runs.
std::string comparison_html(std::span<const RunSummary> runs);

/// Writes that page of the runs in `folders` to `path`. The runs are called by what their folders'
/// paths do not share. Throws FileError if a folder holds no run's summary, IoError.
void write_comparison(std::span<const std::filesystem::path> folders,
                      const std::filesystem::path& path);

}  // namespace minillama
