#include "common/evaluate.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "minillama/core/error.h"
#include "minillama/eval/calibration.h"
#include "minillama/eval/predictions.h"
#include "minillama/eval/reliability_diagram.h"
#include "minillama/io/atomic_file.h"

#include "common/evaluation.h"
#include "common/output.h"

namespace minillama::app {
namespace {

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

std::vector<std::int64_t> answers(const Evaluation& evaluation) {
  std::vector<std::int64_t> labels;
  for (const auto& prediction : evaluation.predictions) labels.push_back(prediction.label);
  return labels;
}

/// With `others`, which the file --against has.
Comparison compare(const Evaluation& evaluation, const std::vector<std::int64_t>& others,
                   const EvaluationReport& report) {
  constexpr std::size_t kResamples = 10000;
  const Bootstrap bootstrap(others.size(), kResamples);
  return {report.against, kResamples,
          accuracy_difference(answers(evaluation), others, evaluation.labels, bootstrap)};
}

void write_files(const Evaluation& evaluation, const SentenceClassifier& classifier,
                 const std::filesystem::path& out, const EvaluationReport& report) {
  if (!out.empty()) {
    std::vector<std::string> prompts;
    for (const auto& sentence : evaluation.sentences) {
      prompts.push_back(classifier.prompt(sentence));
    }
    write_predictions(out, answers(evaluation), prompts);
  }
  if (!report.probabilities.empty()) {
    std::span<const std::int64_t> labels = evaluation.labels;
    if (!report.labelled) labels = {};
    write_probabilities(report.probabilities, evaluation.label_names, evaluation.sentences, labels,
                        evaluation.predictions);
  }
  if (!report.reliability_diagram.empty()) {
    write_file(report.reliability_diagram, reliability_diagram(evaluation.reliability));
  }
}

}  // namespace

ConfusionMatrix confusion_of(const SentenceClassifier& classifier,
                             std::span<const LabelledSentence> examples) {
  std::vector<std::string> sentences;
  for (const auto& example : examples) sentences.push_back(example.sentence);
  const auto predictions = classifier.classify(std::span<const std::string>(sentences));
  ConfusionMatrix matrix(std::ssize(classifier.label_names()));
  for (std::size_t i = 0; i < examples.size(); ++i) {
    matrix.add(examples[i].label, predictions[i].label);
  }
  return matrix;
}

double evaluate(const SentenceClassifier& classifier, const std::string& split,
                std::span<const LabelledSentence> examples, const std::filesystem::path& out,
                const EvaluationReport& report) {
  const auto& names = classifier.label_names();
  Evaluation evaluation{.split = split,
                        .label_names = names,
                        .labelled = report.labelled,
                        .matrix = ConfusionMatrix(std::ssize(names))};
  for (const auto& example : examples) {
    evaluation.sentences.push_back(example.sentence);
    evaluation.labels.push_back(example.label);
  }
  std::vector<std::int64_t> others;
  if (!report.against.empty()) {
    others = read_predictions(report.against, evaluation.sentences, std::ssize(names));
  }

  auto& predictions = evaluation.predictions;
  const auto start = std::chrono::steady_clock::now();
  predictions = classifier.classify(std::span<const std::string>(evaluation.sentences));
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  if (report.calibrate) calibrate(predictions, evaluation.labels, report);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    evaluation.matrix.add(evaluation.labels[i], predictions[i].label);
  }
  evaluation.reliability = reliability(predictions, evaluation.labels);
  if (!report.against.empty()) evaluation.comparison = compare(evaluation, others, report);
  write_files(evaluation, classifier, out, report);

  if (report.json) {
    auto json = to_json(evaluation);
    if (!out.empty()) json["predictions"] = printable(out.native());
    print("{}\n", json.dump());
  } else {
    print_evaluation(evaluation);
  }
  const auto n_shortened = std::ranges::count_if(predictions, &Prediction::is_shortened);
  if (n_shortened > 0) {
    note("{}: {} sentences were shortened to fit the model's context\n", split, n_shortened);
  }
  const double accuracy = evaluation.matrix.accuracy();
  if (report.keep) report.keep(evaluation);
  if (report.quiet) return accuracy;
  note("{}: {:.2f} s, {:.0f} sentences/s{}\n", split, seconds,
       static_cast<double>(examples.size()) / seconds,
       out.empty() ? "" : fmt::format("; predictions written to {}", out.string()));
  return accuracy;
}

}  // namespace minillama::app
