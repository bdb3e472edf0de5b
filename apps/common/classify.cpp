#include "common/classify.h"

#include <unistd.h>

#include <chrono>
#include <iostream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "minillama/core/error.h"
#include "minillama/core/utf8.h"
#include "minillama/eval/confusion_matrix.h"
#include "minillama/eval/predictions.h"
#include "minillama/eval/zero_shot.h"
#include "minillama/io/mapped_file.h"
#include "minillama/text/labelled_sentences.h"

#include "common/app.h"
#include "common/arguments.h"
#include "common/model_arguments.h"

namespace minillama::app {
namespace {

Arguments declare_arguments(const char* program, const Dataset& dataset) {
  Arguments arguments(
      program,
      fmt::format("Tells the sentiment of sentences: {}.", fmt::join(dataset.label_names, ", ")),
      "[OPTION...] [SENTENCE...]",
      {fmt::format("{} \"A delight from its first scene to its last .\"", program),
       fmt::format("{0} --option prompt --dev {1}-dev.txt --test {1}-test.txt", program,
                   dataset.name)});
  arguments.group("Sentences");
  arguments.option("file,f", "Classify the lines of a file (default: of standard input)", "PATH");
  arguments.flag("json", "One JSON object a line: label, name, probability, text");
  arguments.group("Data set");
  arguments.option("option", "prompt: ask the language model, without training", "NAME", "prompt");
  arguments.option("train", "Lines \"label ||| sentence\" to train on (prompt: not used)", "PATH");
  arguments.option("dev", "Lines \"label ||| sentence\" to evaluate on", "PATH");
  arguments.option("test", "The same, to evaluate on at the end", "PATH");
  arguments.option("label-names", "JSON list of the labels' names", "PATH");
  arguments.option(
      "dev-out",
      fmt::format("Predictions for --dev (default: {}-dev-prompting-output.txt)", dataset.name),
      "PATH");
  arguments.option(
      "test-out",
      fmt::format("Predictions for --test (default: {}-test-prompting-output.txt)", dataset.name),
      "PATH");
  arguments.option("batch-size", "Sentences that are padded together (--compat only)", "N", "10");
  arguments.option("max-sentence-len", "Use at most N tokens of a sentence; 0: all that fit", "N",
                   "0");
  arguments.flag("calibrate",
                 "Divide out the labels' probabilities after a prompt without content");
  add_model_arguments(arguments);
  return arguments;
}

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

/// Classifies the data set `split` ("dev" or "test"), prints the figures, writes the predictions.
void evaluate(ZeroShotClassifier& classifier, const std::string& split,
              const std::filesystem::path& path, const std::filesystem::path& out, bool labelled,
              bool quiet) {
  const auto& names = classifier.label_names();
  const auto examples = read_labelled_sentences(path, std::ssize(names));
  std::vector<std::string> sentences;
  for (const auto& example : examples) sentences.push_back(example.sentence);

  const auto start = std::chrono::steady_clock::now();
  const auto shortened_before = classifier.n_shortened();
  const auto predictions = classifier.classify(sentences);
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
  if (quiet) return;
  if (const auto shortened = classifier.n_shortened() - shortened_before; shortened > 0) {
    fmt::print(stderr, "{}: {} sentences were shortened to fit the model's context\n", split,
               shortened);
  }
  fmt::print(stderr, "{}: {:.2f} s, {:.0f} sentences/s; predictions written to {}\n", split,
             seconds, static_cast<double>(examples.size()) / seconds, out.string());
}

void classify_sentence(ZeroShotClassifier& classifier, const std::string& sentence, bool json) {
  const auto prediction = classifier.classify({&sentence, 1}).front();
  const auto label = static_cast<std::size_t>(prediction.label);
  const auto& name = classifier.label_names()[label];
  const double probability = prediction.probabilities[label];
  if (json) {
    nlohmann::ordered_json line;
    line["label"] = prediction.label;
    line["name"] = name;
    line["probability"] = probability;
    line["text"] = sentence;
    std::cout << line.dump() << std::endl;
  } else {
    fmt::print("{}  {:.2f}\n", name, probability);
    std::fflush(stdout);
  }
}

/// Classifies line by line, blank ones left out.
void classify_lines(ZeroShotClassifier& classifier, std::istream& in,
                    const std::filesystem::path& name, bool json) {
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.ends_with('\r')) line.pop_back();
    if (utf8_valid_prefix(line) != line.size()) throw FileError(name, number, "invalid UTF-8");
    if (line.find_first_not_of(" \t") != std::string::npos) {
      classify_sentence(classifier, line, json);
    }
  }
}

std::filesystem::path out_path(const Arguments& arguments, const std::string& split,
                               const Dataset& dataset) {
  const auto given = arguments.text(split + "-out");
  return given.empty() ? fmt::format("{}-{}-prompting-output.txt", dataset.name, split) : given;
}

void run_app(const char* program, const Dataset& dataset, int argc, char** argv) {
  auto arguments = declare_arguments(program, dataset);
  if (!arguments.parse(argc, argv)) return;
  arguments.choice("option", {"prompt"});
  const auto model = read_model_arguments(arguments, "reviews");
  const ZeroShotOptions options{.compatible = model.compatible,
                                .batch_size = arguments.integer("batch-size"),
                                .calibrate = arguments.is_set("calibrate"),
                                .max_sentence_len = arguments.integer("max-sentence-len")};
  const auto label_names = arguments.given("label-names")
                               ? read_label_names(arguments.text("label-names"))
                               : dataset.label_names;
  auto language_model = read_language_model(model.model, model.load);
  auto tokenizer = read_tokenizer_for(model.model, language_model->config(), model.tokenizer);
  ZeroShotClassifier classifier(language_model, std::move(tokenizer), label_names, options);

  const bool json = arguments.is_set("json");
  if (arguments.given("dev") || arguments.given("test")) {
    for (const std::string split : {"dev", "test"}) {
      if (!arguments.given(split)) continue;
      evaluate(classifier, split, arguments.text(split), out_path(arguments, split, dataset),
               split == "dev" || dataset.test_is_labelled, model.quiet);
    }
  } else if (!arguments.positional().empty()) {
    for (const auto& sentence : arguments.positional()) {
      classify_sentence(classifier, sentence, json);
    }
  } else if (arguments.given("file")) {
    const MappedFile file(arguments.text("file"));
    std::istringstream in{std::string(as_text(file.bytes()))};
    classify_lines(classifier, in, file.path(), json);
  } else {
    if (::isatty(STDIN_FILENO) != 0 && !model.quiet) {
      fmt::print(stderr, "Type sentences, one a line; Ctrl-D ends.\n");
    }
    classify_lines(classifier, std::cin, "standard input", json);
  }
}

}  // namespace

int classify_main(const char* program, const Dataset& dataset, int argc, char** argv) {
  return run(program, [&] { run_app(program, dataset, argc, argv); });
}

}  // namespace minillama::app
