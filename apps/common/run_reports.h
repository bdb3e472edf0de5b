#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "minillama/report/run_report.h"

#include "common/arguments.h"

namespace minillama::app {

/// What a report says of any run that trains: its name, after its folder; the settings, which are a
/// JSON object, and the options that were given; the command that repeats it; the machine, in which
/// `versions` count.
RunReport begin_report(const Arguments& arguments, const std::filesystem::path& directory,
                       const std::string& settings, const std::vector<RunFact>& versions);

/// Writes the report into the run's folder: report.json, what write_comparison() reads, and
/// report.html. Throws IoError.
void write_report(const std::filesystem::path& directory, const RunReport& report);

/// --report: compares the runs whose folders are named beside the options. False if it was not
/// given. Throws OptionError if none is named.
bool compare_runs(const Arguments& arguments, bool quiet);

}  // namespace minillama::app
