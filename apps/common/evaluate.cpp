#include "common/evaluate.h"

#include <chrono>
#include <iostream>

#include <fmt/format.h>

#include "minillama/eval/confusion_matrix.h"
#include "minillama/eval/predictions.h"

namespace minillama::app {
namespace {

void print_confusion(const ConfusionMatrix& matrix, const std::vector<std::string>& names) {
  std::size_t width = 6;
  for (const auto& name : names) width = std::max(width, name.size() + 1);
  fmt::print("{:>{}}", "true \\ predicted", width + 11);
  for (const auto& name : names) fmt::print("{:>{}}", name, width);
  fmt::print("\n");
  for (std::int64_t truth = 0; truth < matrix.n_labels(); ++truth) {
    fmt::print("{:>{}}", names[static_cast<std::size_t>(truth)], width + 11);
    for (std::int64_t predicted = 0; predicted < matrix.n_labels(); ++predicted) {
      fmt::print("{:>{}}", matrix.count(truth, predicted), width);
    }
    fmt::print("\n");
  }
}

}  // namespace

double evaluate(SentenceClassifier& classifier, const std::string& split,
                std::span<const LabelledSentence> examples, const std::filesystem::path& out,
                bool labelled, bool quiet) {
  const auto& names = classifier.label_names();
  std::vector<std::string> sentences;
  for (const auto& example : examples) sentences.push_back(example.sentence);

  const auto start = std::chrono::steady_clock::now();
  const auto shortened_before = classifier.n_shortened();
  const auto predictions = classifier.classify(std::span<const std::string>(sentences));
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  ConfusionMatrix matrix(std::ssize(names));
  std::vector<std::int64_t> labels;
  std::vector<std::string> prompts;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    matrix.add(examples[i].label, predictions[i].label);
    labels.push_back(predictions[i].label);
    prompts.push_back(classifier.prompt(sentences[i]));
  }
  write_predictions(out, labels, prompts);

  fmt::print("{}: {} sentences, accuracy {:.4f}, macro-F1 {:.4f}{}\n", split, matrix.total(),
             matrix.accuracy(), matrix.macro_f1(),
             labelled ? "" : " (the file's labels are placeholders: these figures mean nothing)");
  print_confusion(matrix, names);
  std::cout.flush();
  if (quiet) return matrix.accuracy();
  if (const auto shortened = classifier.n_shortened() - shortened_before; shortened > 0) {
    fmt::print(stderr, "{}: {} sentences were shortened to fit the model's context\n", split,
               shortened);
  }
  fmt::print(stderr, "{}: {:.2f} s, {:.0f} sentences/s; predictions written to {}\n", split,
             seconds, static_cast<double>(examples.size()) / seconds, out.string());
  return matrix.accuracy();
}

}  // namespace minillama::app
