#include "common/classify_arguments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"
#include "minillama/text/labelled_sentences.h"

#include "common/adapter_arguments.h"
#include "common/default_files.h"
#include "common/evaluation_arguments.h"
#include "common/labelled_files.h"
#include "common/model_arguments.h"
#include "common/training_options.h"
#include "common/zero_shot_arguments.h"

namespace minillama::app {
namespace {

void add_data_options(Arguments& arguments, const Dataset& dataset) {
  arguments.group("Data set");
  arguments.option(
      "train",
      "Labelled texts to train on: lines \"label ||| text\", CSV, TSV, JSON Lines, "
      "fastText's, or a folder for each label; or a treebank's trees, one a line, whose "
      "phrases are trained on",
      "PATH");
  arguments.option("dev", "Labelled texts to evaluate on", "PATH");
  arguments.option(
      "test",
      dataset.has_any_labels()
          ? "The same, to evaluate on at the end"
          : fmt::format("The same, to evaluate on at the end (training, if none of the three "
                        "is given: {0}/{0}-<split>.txt in $MINILLAMA_DATA or data/)",
                        dataset.name),
      "PATH");
  arguments.option("train-per-label",
                   "Train on N examples of each label, drawn by --seed; 0: on all there are", "N",
                   "0");
  arguments.option(
      "label-names",
      dataset.has_any_labels()
          ? "JSON list of the labels' names (default: those of --train)"
          : fmt::format("JSON list of the labels' names (default: {}; training, if --train has "
                        "others, those)",
                        fmt::join(dataset.label_names, ", ")),
      "PATH");
  add_labelled_file_arguments(arguments);
  for (const std::string split : {"dev", "test"}) {
    arguments.option(
        split + "-out",
        dataset.has_any_labels()
            ? fmt::format("Predictions for --{0} (default: none; of training "
                          "{0}-predictions.txt in --out-dir)",
                          split)
            : fmt::format("Predictions for --{0} (default: {1}-{0}-METHOD-output.txt, METHOD "
                          "prompting, finetuning or lora; of training in --out-dir)",
                          split, dataset.name),
        "PATH");
  }
  add_evaluation_arguments(arguments);
  arguments.option("max-sentence-len", "Use at most N tokens of a sentence; 0: all that fit", "N",
                   "0");
}

Arguments with_examples(const char* program, const Dataset& dataset) {
  return {
      program,
      fmt::format("Tells the sentiment of sentences: {}.", fmt::join(dataset.label_names, ", ")),
      "[OPTION...] [SENTENCE...]",
      {fmt::format("{} \"A delight from its first scene to its last .\"", program),
       fmt::format("{0} --option prompt --dev {1}-dev.txt --test {1}-test.txt", program,
                   dataset.name),
       fmt::format("{} --option lora --out-dir runs/{}", program, dataset.name),
       fmt::format("{} --model runs/{} \"A delight .\"", program, dataset.name)}};
}

/// Of any data: --help tells what the verb is about.
Arguments with_verb(const char* program, const Verb& verb) {
  std::string summary = "Puts texts under labels of your own.";
  if (!verb.word.empty()) {
    summary = fmt::format("{}: {}.\n", verb.word, verb.does);
  } else {
    summary += "\n\nWith a word in front, whose own options --help behind it lists:";
    for (const auto& other : verbs()) {
      if (!other.word.empty()) summary += fmt::format("\n  {:<6} {}", other.word, other.does);
    }
    summary += "\n";
  }
  std::vector<std::string> examples;
  for (const auto& example : verb.examples)
    examples.push_back(fmt::format("{} {}", program, example));
  Arguments arguments(program, summary,
                      verb.word.empty() ? verb.usage : fmt::format("{} {}", verb.word, verb.usage),
                      examples);
  arguments.list_only(verb.groups);
  return arguments;
}

/// The options that --advanced stands for, but for those that are given.
void add_recipe(const Dataset& dataset, Arguments& arguments) {
  auto recipe = dataset.recipe;
  if (!dataset.better_train.empty() && !arguments.given("train")) {
    const auto train = find_data(dataset.better_train);
    if (train.empty()) {
      throw OptionError(
          fmt::format("--advanced trains on {}, which is neither in $MINILLAMA_DATA nor in data/: "
                      "scripts/fetch_assets.sh brings it",
                      dataset.better_train));
    }
    recipe.push_back(fmt::format("--train={}", train.native()));
  }
  arguments.add(recipe);
}

}  // namespace

Arguments declare_classify_arguments(const char* program, const Dataset& dataset,
                                     const Verb& verb) {
  auto arguments =
      dataset.has_any_labels() ? with_verb(program, verb) : with_examples(program, dataset);
  arguments.group("Sentences");
  arguments.option("file,f", "Classify the lines of a file; -: of standard input (the default)",
                   "PATH");
  arguments.flag("json",
                 "JSON lines and nothing else: for a sentence label, name, probability, text; for "
                 "a data set and an epoch their figures");
  arguments.option("explain",
                   "Say how much each word moved the answer: occlusion, the words left out one by "
                   "one; gradients, integrated along the way from no text (a trained classifier)",
                   "METHOD");
  arguments.option(
      "report",
      "Instead, compare the runs in the folders named behind the options, in a page of "
      "HTML",
      "PATH");
  arguments.group("Method");
  arguments.option(
      "option",
      std::string("prompt: ask the language model, without training; finetune: train "
                  "all of it with a head; lora: train adapters and a head") +
          (verb.option.empty() ? " (default: use --model as it is, a trained classifier, or ask it)"
                               : ""),
      "NAME", verb.option.empty() ? std::nullopt : std::optional(verb.option));
  arguments.repeated_option(
      "template",
      "Text that the sentence is put into (default: {sentence}; asking: {sentence} Is this movie "
      "...? This movie is); asking, given again, one more: the mean of their probabilities counts",
      "TEXT");
  arguments.repeated_option(
      "ensemble",
      "Another trained classifier, given again one more: the mean of the probabilities of all and "
      "--model counts",
      "PATH");
  arguments.repeated_option(
      "soup",
      "Another classifier that was fine-tuned from the same model, given again one more: the mean "
      "of their weights and --model's goes to --out-dir; one that makes it worse on --dev is left "
      "out",
      "PATH");
  add_zero_shot_arguments(arguments, dataset);
  add_data_options(arguments, dataset);
  add_training_options(arguments, dataset);
  add_adapter_arguments(arguments);
  add_objective_options(arguments);
  add_model_arguments(arguments);
  if (!verb.file.empty()) arguments.positional_option(verb.file);
  return arguments;
}

std::optional<Arguments> read_classify_arguments(const char* program, const Dataset& dataset,
                                                 int argc, char** argv) {
  std::vector<const char*> words(argv, argv + argc);
  auto verb = dataset.has_any_labels() ? verbs().front() : Verb();
  const auto* named = dataset.has_any_labels() && argc > 1 ? find_verb(argv[1]) : nullptr;
  if (named != nullptr) {
    verb = *named;
    words.erase(words.begin() + 1);
  }
  auto arguments = declare_classify_arguments(program, dataset, verb);
  arguments.set_verb(verb.word);
  if (!arguments.parse(static_cast<int>(words.size()), words.data())) return std::nullopt;
  if (!dataset.recipe.empty() && arguments.is_set("advanced")) add_recipe(dataset, arguments);
  check_classify_arguments(arguments, dataset, verb);
  return arguments;
}

bool trains(const Arguments& arguments) {
  const auto option = arguments.text("option");
  return option == "finetune" || option == "lora";
}

std::string default_classifier(const Arguments& arguments, const Dataset& dataset) {
  const bool is_trained =
      arguments.text("option").empty() && !find_checkpoint(dataset.name).empty();
  return is_trained ? dataset.name : "reviews";
}

void refuse_language_model(const Dataset& dataset, const std::filesystem::path& model) {
  if (!dataset.has_any_labels()) return;
  throw OptionError(fmt::format(
      "{0} is a language model and no classifier: \"train messages.csv -m {1}\" makes one of it",
      quote(model.native(), 400), printable(model.native())));
}

void refuse_batch_size(const Arguments& arguments, const ClassifierConfig& classifier,
                       const std::filesystem::path& model) {
  if (!arguments.given("batch-size") || classifier.pooling == PoolingKind::padded_last) return;
  throw OptionError(fmt::format(
      "--batch-size has no effect: {} does not pool padded-last, and its answers do not depend "
      "on it",
      quote(model.native(), 400)));
}

std::int64_t batch_size(const Arguments& arguments, std::int64_t otherwise) {
  return arguments.given("batch-size") ? arguments.integer("batch-size") : otherwise;
}

std::vector<std::string> label_names(const Arguments& arguments, const Dataset& dataset) {
  return arguments.given("label-names") ? read_label_names(arguments.text("label-names"))
                                        : dataset.label_names;
}

std::filesystem::path out_directory(const Arguments& arguments, const Dataset& dataset) {
  if (arguments.given("out-dir") || !dataset.has_any_labels()) return arguments.text("out-dir");
  auto data = std::filesystem::absolute(arguments.text("train")).lexically_normal();
  if (!data.has_filename()) data = data.parent_path();  // "folder/"
  if (data.extension() == ".gz") data.replace_extension();
  return "runs" / data.stem();
}

std::filesystem::path out_path(const Arguments& arguments, const Dataset& dataset,
                               const std::string& split, const std::string& method,
                               const std::filesystem::path& directory) {
  if (arguments.given(split + "-out")) return arguments.text(split + "-out");
  if (dataset.has_any_labels()) {
    return directory.empty() ? directory : directory / (split + "-predictions.txt");
  }
  return directory / fmt::format("{}-{}-{}-output.txt", dataset.name, split, method);
}

}  // namespace minillama::app
