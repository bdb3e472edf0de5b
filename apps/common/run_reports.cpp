#include "common/run_reports.h"

#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/io/atomic_file.h"
#include "minillama/report/comparison.h"
#include "minillama/report/machine.h"

#include "common/app.h"
#include "common/output.h"
#include "common/output_files.h"

namespace minillama::app {
namespace {

std::string name_of(const std::filesystem::path& directory) {
  auto path = std::filesystem::absolute(directory).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path.filename().string();
}

std::string value_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

RunReport begin_report(const Arguments& arguments, const std::filesystem::path& directory,
                       const std::string& settings, const std::vector<RunFact>& versions) {
  RunReport report;
  auto& summary = report.summary;
  summary.name = name_of(directory);
  summary.title = arguments.command();
  const auto given = arguments.all_given();  // one that was given several times, as often
  for (const auto& name : std::set<std::string>(given.begin(), given.end())) {
    summary.settings.push_back(
        {"--" + name, fmt::format("{}", fmt::join(arguments.texts(name), ", "))});
  }
  const auto all = Json::parse(settings);
  for (const auto& [name, value] : all.items()) {
    summary.settings.push_back({name, value_text(value)});
  }
  summary.machine = machine_facts();
  summary.machine.push_back({"minillama", version()});
  summary.machine.insert(summary.machine.end(), versions.begin(), versions.end());
  report.commands.push_back(
      {fmt::format("The same run, begun in {}", std::filesystem::current_path().string()),
       arguments.command()});
  return report;
}

void write_report(const std::filesystem::path& directory, const RunReport& report) {
  write_file(directory / kSummaryFile, to_json(report.summary));
  write_file(directory / kReportFile, run_report_html(report));
}

bool compare_runs(const Arguments& arguments, bool quiet) {
  if (!arguments.given("report")) return false;
  const std::filesystem::path out = arguments.text("report");
  const std::vector<std::filesystem::path> folders(arguments.positional().begin(),
                                                   arguments.positional().end());
  if (folders.empty()) throw OptionError("--report needs the folders of runs behind the options");
  check_output_file("report", out, {});
  write_comparison(folders, out);
  if (!quiet) note("{} runs compared in {}\n", folders.size(), out.native());
  return true;
}

}  // namespace minillama::app
