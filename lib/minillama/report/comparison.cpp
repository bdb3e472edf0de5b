#include "minillama/report/comparison.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "minillama/core/require.h"
#include "minillama/io/atomic_file.h"
#include "minillama/io/mapped_file.h"
#include "minillama/report/html.h"

namespace minillama {
namespace {

using Facts = std::function<std::vector<RunFact>(const RunSummary&)>;

std::vector<RunFact> figures_of(const RunSummary& run) {
  std::vector<RunFact> facts;
  for (const auto& [name, value] : run.figures) facts.push_back({name, figure_text(value)});
  return facts;
}

std::string value_of(const std::vector<RunFact>& facts, const std::string& name) {
  const auto fact = std::ranges::find(facts, name, &RunFact::name);
  return fact == facts.end() ? "–" : fact->value;
}

/// A row for each name, a column for each run; with `differing` those rows alone in which runs
/// differ. "" if there is no row.
std::string table(std::span<const RunSummary> runs, const Facts& facts_of, bool differing) {
  std::vector<std::string> head{""}, names;
  std::vector<std::vector<RunFact>> of_runs;
  for (const auto& run : runs) {
    head.push_back(run.name);
    of_runs.push_back(facts_of(run));
    for (const auto& [name, value] : of_runs.back()) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
  std::vector<std::vector<HtmlCell>> rows;
  for (const auto& name : names) {
    std::vector<HtmlCell> row{{name}};
    std::set<std::string> values;
    for (const auto& facts : of_runs) {
      row.push_back({value_of(facts, name)});
      values.insert(row.back().text);
    }
    if (!differing || values.size() > 1) rows.push_back(std::move(row));
  }
  return rows.empty() ? "" : html_table(head, rows);
}

/// The runs' curves of the same name, in one chart.
std::vector<RunCurve> curves_of(std::span<const RunSummary> runs) {
  std::vector<RunCurve> curves;
  for (const auto& run : runs) {
    for (const auto& curve : run.curves) {
      auto figure =
          curve.name.empty() ? curve.figure : fmt::format("{}, {}", curve.figure, curve.name);
      curves.push_back({std::move(figure), run.name, curve.x_name, curve.points});
    }
  }
  return curves;
}

/// The paths without the folders that all of them begin with.
std::vector<std::string> names_of(std::span<const std::filesystem::path> folders) {
  using Parts = std::vector<std::filesystem::path>;
  std::vector<Parts> paths;
  for (const auto& folder : folders) {
    auto normal = std::filesystem::absolute(folder).lexically_normal();
    if (!normal.has_filename()) normal = normal.parent_path();
    paths.emplace_back(normal.begin(), normal.end());
  }
  const auto is_shared = [&](std::size_t n) {
    return std::ranges::all_of(paths, [&](const Parts& parts) {
      return parts.size() > n + 1 && parts[n] == paths.front()[n];
    });
  };
  std::size_t shared = 0;
  while (is_shared(shared)) ++shared;
  std::vector<std::string> names;
  for (const auto& parts : paths) {
    std::filesystem::path name;
    for (std::size_t i = shared; i < parts.size(); ++i) name /= parts[i];
    names.push_back(name.string());
  }
  return names;
}

std::string section(std::string_view title, const std::string& content) {
  return content.empty() ? "" : html_section(title, content);
}

}  // namespace

std::string comparison_html(std::span<const RunSummary> runs) {
  require(!runs.empty(), "the number of runs", runs.size(), "be at least 1");
  const auto settings = [](const RunSummary& run) { return run.settings; };
  const auto machine = [](const RunSummary& run) { return run.machine; };
  auto body = section("Figures", table(runs, figures_of, false));
  if (const auto curves = curves_of(runs); !curves.empty()) {
    body += section("Curves", html_charts(curves));
  }
  body += section("Settings that differ", table(runs, settings, true));
  body += section("Machines that differ", table(runs, machine, true));
  return html_page(fmt::format("{} runs compared", runs.size()), body);
}

void write_comparison(std::span<const std::filesystem::path> folders,
                      const std::filesystem::path& path) {
  const auto names = names_of(folders);
  std::vector<RunSummary> runs;
  for (std::size_t i = 0; i < folders.size(); ++i) {
    const auto file = folders[i] / kSummaryFile;
    const MappedFile text(file);
    runs.push_back(run_summary_from_json(as_text(text.bytes()), file));
    runs.back().name = names[i];
  }
  write_file(path, comparison_html(runs));
}

}  // namespace minillama
