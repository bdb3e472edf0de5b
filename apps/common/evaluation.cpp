#include "common/evaluation.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/eval/interval.h"
#include "minillama/eval/mistakes.h"

#include "common/output.h"
#include "common/table.h"

namespace minillama::app {
namespace {

Interval accuracy_interval(const ConfusionMatrix& matrix) {
  return wilson_interval(matrix.n_right(), matrix.total());
}

const std::string& name_of(const Evaluation& evaluation, std::int64_t label) {
  return evaluation.label_names[static_cast<std::size_t>(label)];
}

/// Of the answer.
double probability(const Prediction& prediction) {
  return prediction.probabilities[static_cast<std::size_t>(prediction.label)];
}

void print_figures(const Evaluation& evaluation) {
  const auto& matrix = evaluation.matrix;
  std::string interval, remark;
  if (evaluation.labelled) {
    const auto [low, high] = accuracy_interval(matrix);
    interval = fmt::format(" [{:.4f}, {:.4f}]", low, high);
  } else {
    remark = " (the file's labels are placeholders: these figures mean nothing)";
  }
  print_wrapped(
      "{}: {} sentences, accuracy {:.4f}{}, macro-F1 {:.4f}, calibration error {:.4f}{}\n",
      evaluation.split, matrix.total(), matrix.accuracy(), interval, matrix.macro_f1(),
      expected_calibration_error(evaluation.reliability), remark);
}

void print_comparison(const Comparison& comparison) {
  const auto& [path, resamples, difference] = comparison;
  const auto& [value, interval, p] = difference;
  const auto shown_p = p > 0 ? fmt::format("p {:.4f}", p)
                             : fmt::format("p < {:g}", 1 / static_cast<double>(resamples));
  print_wrapped("accuracy against {}: {:+.4f} [{:+.4f}, {:+.4f}], {}\n", printable(path.native()),
                value, interval.low, interval.high, shown_p);
}

void print_confusion(const ConfusionMatrix& matrix, const std::vector<std::string>& names) {
  constexpr std::string_view kCorner = "true \\ predicted";
  std::vector<std::string> heads;
  std::size_t first = kCorner.size();
  for (const auto& name : names) {
    heads.push_back(printable(name));
    first = std::max(first, heads.back().size());
  }
  const auto wide = std::to_string(matrix.total()).size();
  const auto width_of = [&](std::int64_t label) {
    return std::max(heads[static_cast<std::size_t>(label)].size(), wide) + 2;
  };
  // Columns that a terminal has no room for follow below.
  const auto room = columns(1, std::string::npos);
  for (std::int64_t begin = 0, end = 0; begin < matrix.n_labels(); begin = end) {
    std::size_t used = first;
    while (end < matrix.n_labels() && (end == begin || used + width_of(end) <= room)) {
      used += width_of(end++);
    }
    print("{:>{}}", kCorner, first);
    for (auto i = begin; i < end; ++i)
      print("{:>{}}", heads[static_cast<std::size_t>(i)], width_of(i));
    for (std::int64_t truth = 0; truth < matrix.n_labels(); ++truth) {
      print("\n{:>{}}", heads[static_cast<std::size_t>(truth)], first);
      for (auto i = begin; i < end; ++i) print("{:>{}}", matrix.count(truth, i), width_of(i));
    }
    print("\n");
  }
}

void print_labels(const Evaluation& evaluation) {
  constexpr std::size_t kFigures = 35;  // columns of all but the names
  constexpr std::size_t kFewest = 5;
  const auto room = std::max(columns(1, std::string::npos), kFigures + kFewest) - kFigures;
  const auto& matrix = evaluation.matrix;
  std::vector<Row> rows{{"label", "precision", "recall", "F1", "support"}};
  for (std::int64_t label = 0; label < matrix.n_labels(); ++label) {
    rows.push_back({shortened(printable(name_of(evaluation, label)), room),
                    fmt::format("{:.3f}", matrix.precision(label)),
                    fmt::format("{:.3f}", matrix.recall(label)),
                    fmt::format("{:.3f}", matrix.f1(label)),
                    std::to_string(matrix.support(label))});
  }
  print("\n{}", aligned(rows));
}

void print_mistakes(const Evaluation& evaluation) {
  constexpr std::size_t kIndent = 2;
  const auto mistakes = surest_mistakes(evaluation.predictions, evaluation.labels);
  if (mistakes.empty()) return;
  const auto room = std::max(columns(1, std::string::npos), kIndent + 1) - kIndent;
  print("\nthe surest mistakes:\n");
  for (const auto i : mistakes) {
    const auto& prediction = evaluation.predictions[i];
    print_wrapped("{:.2f} {} (true: {})\n", probability(prediction),
                  printable(name_of(evaluation, prediction.label)),
                  printable(name_of(evaluation, evaluation.labels[i])));
    print("{:{}}{}\n", "", kIndent, shortened(printable(evaluation.sentences[i]), room));
  }
}

Json confusion_json(const ConfusionMatrix& matrix) {
  auto rows = Json::array();
  for (std::int64_t truth = 0; truth < matrix.n_labels(); ++truth) {
    auto& row = rows.emplace_back(Json::array());
    for (std::int64_t predicted = 0; predicted < matrix.n_labels(); ++predicted) {
      row.push_back(matrix.count(truth, predicted));
    }
  }
  return rows;
}

Json labels_json(const Evaluation& evaluation) {
  const auto& matrix = evaluation.matrix;
  auto labels = Json::array();
  for (std::int64_t label = 0; label < matrix.n_labels(); ++label) {
    labels.push_back({{"label", name_of(evaluation, label)},
                      {"precision", matrix.precision(label)},
                      {"recall", matrix.recall(label)},
                      {"f1", matrix.f1(label)},
                      {"support", matrix.support(label)}});
  }
  return labels;
}

Json mistakes_json(const Evaluation& evaluation) {
  auto mistakes = Json::array();
  for (const auto i : surest_mistakes(evaluation.predictions, evaluation.labels)) {
    const auto& prediction = evaluation.predictions[i];
    mistakes.push_back({{"text", evaluation.sentences[i]},
                        {"label", name_of(evaluation, evaluation.labels[i])},
                        {"predicted", name_of(evaluation, prediction.label)},
                        {"probability", probability(prediction)}});
  }
  return mistakes;
}

Json to_json(const Comparison& comparison) {
  const auto& difference = comparison.difference;
  return {{"predictions", printable(comparison.predictions.native())},
          {"difference", difference.value},
          {"interval", {difference.interval.low, difference.interval.high}},
          {"p", difference.p_value}};
}

}  // namespace

void print_evaluation(const Evaluation& evaluation) {
  print_figures(evaluation);
  if (evaluation.comparison) print_comparison(*evaluation.comparison);
  print_confusion(evaluation.matrix, evaluation.label_names);
  if (!evaluation.labelled) return;
  print_labels(evaluation);
  print_mistakes(evaluation);
}

Json to_json(const Evaluation& evaluation) {
  const auto& matrix = evaluation.matrix;
  Json json{{"split", evaluation.split},
            {"sentences", matrix.total()},
            {"shortened", std::ranges::count_if(evaluation.predictions, &Prediction::is_shortened)},
            {"accuracy", matrix.accuracy()},
            {"macro_f1", matrix.macro_f1()},
            {"calibration_error", expected_calibration_error(evaluation.reliability)},
            {"confusion", confusion_json(matrix)}};
  if (!evaluation.labelled) return json;
  const auto [low, high] = accuracy_interval(matrix);
  json["accuracy_interval"] = {low, high};
  json["labels"] = labels_json(evaluation);
  json["mistakes"] = mistakes_json(evaluation);
  if (evaluation.comparison) json["against"] = to_json(*evaluation.comparison);
  return json;
}

}  // namespace minillama::app
