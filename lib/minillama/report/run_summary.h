#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/plot/point.h"

namespace minillama {

/// Something that is said of a run.
struct RunFact {
  std::string name;
  std::string value;

  bool operator==(const RunFact&) const = default;
};

/// A number that a run came to.
struct RunFigure {
  std::string name;
  double value = 0;

  bool operator==(const RunFigure&) const = default;
};

/// How a number went in a run.
struct RunCurve {
  std::string figure;         ///< the chart in which it is drawn, such as "loss"
  std::string name;           ///< which of it, such as "train" or "dev"
  std::string x_name;         ///< what it is drawn over, such as "epoch"
  std::vector<Point> points;  ///< from left to right

  bool operator==(const RunCurve&) const = default;
};

/// What a run of training was and came to, as far as it is compared with others.
struct RunSummary {
  std::string name;   ///< of the run, such as its folder's
  std::string title;  ///< what it did, such as "classify_sst --option lora"
  std::vector<RunFigure> figures;
  std::vector<RunCurve> curves;
  std::vector<RunFact> settings;
  std::vector<RunFact> machine;

  bool operator==(const RunSummary&) const = default;
};

/// To JSON, and back. Throws FileError naming `path` on anything else.
std::string to_json(const RunSummary& summary);
RunSummary run_summary_from_json(std::string_view text, const std::filesystem::path& path);

}  // namespace minillama
