#pragma once

#include <optional>
#include <string>
#include <vector>

#include "minillama/data/data_check.h"
#include "minillama/eval/calibration.h"
#include "minillama/eval/confusion_matrix.h"
#include "minillama/eval/explanation.h"
#include "minillama/report/run_summary.h"

namespace minillama {

/// A wrong answer.
struct ReportMistake {
  std::string text;
  std::string label;  ///< the true one
  std::string predicted;
  double probability = 0;                 ///< of what was predicted
  std::vector<WordAttribution> why = {};  ///< the words that mattered; may be empty
};

/// What a classifier came to on a data set.
struct ReportEvaluation {
  std::string split;     ///< "dev" or "test"
  bool labelled = true;  ///< false: the labels are placeholders, and nothing else is known
  ConfusionMatrix matrix;
  std::vector<ReliabilityBin> reliability;
  std::vector<ReportMistake> mistakes;  ///< the surest ones
};

struct ReportCommand {
  std::string what;  ///< it does
  std::string command;
};

/// All that a report tells of a run; what is empty is left out.
struct RunReport {
  RunSummary summary;
  std::vector<std::string> label_names;  ///< of the evaluations
  std::vector<ReportEvaluation> evaluations;
  std::optional<DataReport> data;
  std::vector<ReportCommand> commands;
};

/// A page that tells it: one file that needs nothing else, light or dark as the reader's screen is,
/// for wide screens, narrow ones and paper. All text is escaped, whatever is in it.
std::string run_report_html(const RunReport& report);

}  // namespace minillama
