#include "common/fine_tuning_report.h"

#include <fmt/format.h>

#include "minillama/eval/mistakes.h"

namespace minillama::app {
namespace {

ReportMistake mistake_of(const Evaluation& evaluation, std::size_t i,
                         const SentenceClassifier& classifier) {
  const auto& prediction = evaluation.predictions[i];
  const auto name = [&](std::int64_t label) {
    return evaluation.label_names[static_cast<std::size_t>(label)];
  };
  ReportMistake mistake{
      .text = evaluation.sentences[i],
      .label = name(evaluation.labels[i]),
      .predicted = name(prediction.label),
      .probability = prediction.probabilities[static_cast<std::size_t>(prediction.label)]};
  if (classifier.answers_singly() && evaluation.label_names.size() > 1) {
    mistake.why = explain(classifier, mistake.text, prediction.label).words;
  }
  return mistake;
}

}  // namespace

void add_training(const FineTuning& run, RunReport& report) {
  RunCurve train{"loss", "train", "epoch", {}}, dev{"loss", "dev", "epoch", {}};
  RunCurve accuracy{"accuracy on dev", "accuracy", "epoch", {}};
  RunCurve macro_f1{"accuracy on dev", "macro-F1", "epoch", {}};
  RunCurve learning_rate{"learning rate", "", "epoch", {}};
  for (const auto& record : run.records()) {
    train.points.push_back({record.epoch, record.loss});
    learning_rate.points.push_back({record.epoch, record.learning_rate});
  }
  double seconds = 0;
  for (const auto& metrics : run.metrics()) {
    const auto epoch = static_cast<double>(metrics.epoch);
    dev.points.push_back({epoch, metrics.dev_loss});
    accuracy.points.push_back({epoch, metrics.dev_accuracy});
    macro_f1.points.push_back({epoch, metrics.dev_macro_f1});
    seconds += metrics.seconds;
  }
  auto& summary = report.summary;
  summary.curves = {std::move(train), std::move(dev), std::move(accuracy), std::move(macro_f1),
                    std::move(learning_rate)};
  summary.figures.push_back({"epochs", static_cast<double>(run.metrics().size())});
  summary.figures.push_back({"best epoch", static_cast<double>(run.best_epoch())});
  summary.figures.push_back({"seconds of training", seconds});
  summary.figures.push_back({"tokens/s", run.metrics().back().tokens_per_second});
}

void add_evaluation(const Evaluation& evaluation, const SentenceClassifier& classifier,
                    RunReport& report) {
  const auto& matrix = evaluation.matrix;
  ReportEvaluation out{.split = evaluation.split,
                       .labelled = evaluation.labelled,
                       .matrix = matrix,
                       .reliability = evaluation.reliability,
                       .mistakes = {}};
  if (evaluation.labelled) {
    for (const auto i : surest_mistakes(evaluation.predictions, evaluation.labels)) {
      out.mistakes.push_back(mistake_of(evaluation, i, classifier));
    }
    auto& figures = report.summary.figures;
    figures.push_back({evaluation.split + " accuracy", matrix.accuracy()});
    figures.push_back({evaluation.split + " macro-F1", matrix.macro_f1()});
    figures.push_back({evaluation.split + " calibration error",
                       expected_calibration_error(evaluation.reliability)});
  }
  report.label_names = evaluation.label_names;
  report.evaluations.push_back(std::move(out));
}

}  // namespace minillama::app
