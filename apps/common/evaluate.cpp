#include "common/evaluate.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <nlohmann/json.hpp>

#include "minillama/core/error.h"
#include "minillama/eval/calibration.h"
#include "minillama/eval/confusion_matrix.h"
#include "minillama/eval/predictions.h"

#include "common/output.h"

namespace minillama::app {
namespace {

void print_confusion(const ConfusionMatrix& matrix, const std::vector<std::string>& names) {
  constexpr std::string_view kCorner = "true \\ predicted";
  std::vector<std::string> heads;
  std::size_t first = kCorner.size();
  for (const auto& name : names) {
    heads.push_back(printable(name));
    first = std::max(first, heads.back().size());
  }
  const auto wide = std::to_string(matrix.total()).size();
  const auto width = [&](std::int64_t label) {
    return std::max(heads[static_cast<std::size_t>(label)].size(), wide) + 2;
  };
  // Columns that a terminal has no room for follow below.
  const auto room = columns(1, std::string::npos);
  for (std::int64_t begin = 0, end = 0; begin < matrix.n_labels(); begin = end) {
    std::size_t used = first;
    while (end < matrix.n_labels() && (end == begin || used + width(end) <= room)) {
      used += width(end++);
    }
    print("{:>{}}", kCorner, first);
    for (auto i = begin; i < end; ++i)
      print("{:>{}}", heads[static_cast<std::size_t>(i)], width(i));
    for (std::int64_t truth = 0; truth < matrix.n_labels(); ++truth) {
      print("\n{:>{}}", heads[static_cast<std::size_t>(truth)], first);
      for (auto i = begin; i < end; ++i) print("{:>{}}", matrix.count(truth, i), width(i));
    }
    print("\n");
  }
}

std::string json_line(const std::string& split, const ConfusionMatrix& matrix,
                      double calibration_error, std::int64_t n_shortened,
                      const std::filesystem::path& predictions) {
  auto rows = nlohmann::ordered_json::array();
  for (std::int64_t truth = 0; truth < matrix.n_labels(); ++truth) {
    auto& row = rows.emplace_back(nlohmann::ordered_json::array());
    for (std::int64_t predicted = 0; predicted < matrix.n_labels(); ++predicted) {
      row.push_back(matrix.count(truth, predicted));
    }
  }
  return nlohmann::ordered_json{{"split", split},
                                {"sentences", matrix.total()},
                                {"shortened", n_shortened},
                                {"accuracy", matrix.accuracy()},
                                {"macro_f1", matrix.macro_f1()},
                                {"calibration_error", calibration_error},
                                {"confusion", rows},
                                {"predictions", printable(predictions.native())}}
      .dump();
}

/// Fits a temperature to the labels, and gives the predictions the probabilities under it.
void calibrate(std::vector<Prediction>& predictions, const std::vector<std::int64_t>& labels,
               const EvaluationReport& report) {
  const double before = expected_calibration_error(reliability(predictions, labels));
  const double temperature = fit_temperature(predictions, labels);
  for (auto& prediction : predictions) {
    prediction = with_temperature(std::move(prediction), temperature);
  }
  report.calibrate(temperature);
  if (report.quiet) return;
  note("calibrated by the temperature {:.3f}; the calibration error was {:.4f}\n", temperature,
       before);
}

}  // namespace

double evaluate(const SentenceClassifier& classifier, const std::string& split,
                std::span<const LabelledSentence> examples, const std::filesystem::path& out,
                const EvaluationReport& report) {
  const auto& names = classifier.label_names();
  std::vector<std::string> sentences;
  for (const auto& example : examples) sentences.push_back(example.sentence);

  const auto start = std::chrono::steady_clock::now();
  auto predictions = classifier.classify(std::span<const std::string>(sentences));
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  std::vector<std::int64_t> truth;
  for (const auto& example : examples) truth.push_back(example.label);
  if (report.calibrate) calibrate(predictions, truth, report);
  ConfusionMatrix matrix(std::ssize(names));
  std::vector<std::int64_t> labels;
  std::vector<std::string> prompts;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    matrix.add(examples[i].label, predictions[i].label);
    labels.push_back(predictions[i].label);
    prompts.push_back(classifier.prompt(sentences[i]));
  }
  write_predictions(out, labels, prompts);

  const double calibration_error = expected_calibration_error(reliability(predictions, truth));
  const auto n_shortened = std::ranges::count_if(predictions, &Prediction::is_shortened);
  if (report.json) {
    print("{}\n", json_line(split, matrix, calibration_error, n_shortened, out));
  } else {
    print_wrapped(
        "{}: {} sentences, accuracy {:.4f}, macro-F1 {:.4f}, calibration error {:.4f}{}\n", split,
        matrix.total(), matrix.accuracy(), matrix.macro_f1(), calibration_error,
        report.labelled ? "" : " (the file's labels are placeholders: these figures mean nothing)");
    print_confusion(matrix, names);
  }
  if (n_shortened > 0) {
    note("{}: {} sentences were shortened to fit the model's context\n", split, n_shortened);
  }
  if (report.quiet) return matrix.accuracy();
  note("{}: {:.2f} s, {:.0f} sentences/s; predictions written to {}\n", split, seconds,
       static_cast<double>(examples.size()) / seconds, out.string());
  return matrix.accuracy();
}

}  // namespace minillama::app
