// What goes with what of the classification app's options: check_classify_arguments().

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "minillama/core/error.h"

#include "common/adapter_arguments.h"
#include "common/classify_arguments.h"
#include "common/evaluation_arguments.h"
#include "common/labelled_files.h"
#include "common/option_rules.h"
#include "common/zero_shot_arguments.h"

namespace minillama::app {
namespace {

/// What a newcomer may have meant whose argument is a file.
void refuse_file_as_text(const std::string& file, const Arguments& arguments) {
  const auto& first = arguments.positional().front();
  const auto* meant = find_verb(first);
  if (meant == nullptr) meant = nearest_verb(first);
  if (meant != nullptr && file != first) {
    throw OptionError(fmt::format("{} is a file, and a verb comes first: did you mean \"{} {}\"?",
                                  quote(file), meant->word, printable(file)));
  }
  throw OptionError(fmt::format(
      "{0} is a file: \"train {0}\" learns from it, \"test -m DIR {0}\" measures a classifier, "
      "\"-m DIR -f {0}\" classifies its lines",
      printable(file)));
}

/// What lacks where there are neither data nor a classifier to begin with.
void check_any_data(const Arguments& arguments, const Verb& verb) {
  const auto option = arguments.text("option");
  if (!verb.word.empty() && !arguments.given(verb.file)) {
    throw OptionError(fmt::format("{0} needs {1}, as in: {0} {2}", verb.word, verb.needs,
                                  verb.examples.front().substr(verb.word.size() + 1)));
  }
  if (arguments.given("report")) return;
  if (!verb.word.empty() && !arguments.positional().empty()) {
    throw OptionError(fmt::format("unexpected argument {}: {} takes one file",
                                  quote(arguments.positional().front()), verb.word));
  }
  for (const auto& text : arguments.positional()) {
    std::error_code error;
    if (std::filesystem::exists(text, error)) refuse_file_as_text(text, arguments);
  }
  if (trains(arguments)) {
    if (!arguments.given("train")) throw OptionError("training needs --train");
    if (arguments.text("head") == "label-words" && !arguments.given("template")) {
      throw OptionError("--head label-words needs --template, which asks for the label");
    }
    return;
  }
  if (option == "prompt") {
    for (const auto* needed : {"label-names", "template"}) {
      if (arguments.given(needed)) continue;
      throw OptionError(fmt::format("--option prompt needs --{}", needed));
    }
    return;
  }
  if (arguments.given("train")) {
    throw OptionError(
        fmt::format("--train goes with the verb train: train {}", quote(arguments.text("train"))));
  }
  if (arguments.given("model")) return;
  const auto* meant =
      arguments.positional().empty() ? nullptr : nearest_verb(arguments.positional().front());
  if (meant != nullptr) {
    throw OptionError(fmt::format("no verb {}: did you mean {}?",
                                  quote(arguments.positional().front()), meant->word));
  }
  throw OptionError(
      "no classifier: \"train messages.csv\" makes one of labelled texts, -m DIR uses it; --help "
      "has examples");
}

}  // namespace

void check_classify_arguments(const Arguments& arguments, const Dataset& dataset,
                              const Verb& verb) {
  if (dataset.has_any_labels()) check_any_data(arguments, verb);
  if (!arguments.text("option").empty()) {
    arguments.choice("option", {"prompt", "finetune", "lora"});
  }
  if (arguments.given("explain")) arguments.choice("explain", {"occlusion", "gradients"});
  const std::string training = "option=finetune|lora";
  const std::vector<std::string> labelled_files{training, "dev", "test", "shots"};
  const std::string without_columns = "format=lines|fasttext|folder";
  std::vector<OptionRule> rules{
      {.option = "advanced", .excludes = {"option=prompt|finetune", "compat", "explain", "file"}},
      {.option = "file", .excludes = {training, "dev", "test"}},
      {.option = "explain", .excludes = {training, "dev", "test"}},
      {.option = "ensemble", .excludes = {"explain=gradients"}},
      {.option = "option", .excludes = {"explain=gradients"}},
      {.option = "seed", .needs = {training, "shots"}},
      {.option = "dev-out", .needs = {"dev", training}},
      {.option = "test-out", .needs = {"test", training}},
      {.option = "weights", .excludes = {"use-gpu"}},
      {.option = "format", .needs = labelled_files},
      {.option = "text-column", .needs = labelled_files, .excludes = {without_columns}},
      {.option = "label-column", .needs = labelled_files, .excludes = {without_columns}},
      {.option = "phrase-weights", .excludes = {"format"}},
      {.option = "seeds", .excludes = {"dev-out", "test-out"}},
      {.option = "config", .needs = {"model"}},
      {.option = "use-gpu", .excludes = {"device"}},
      {.option = "resume", .excludes = {"force"}},
      {.option = "time-budget",
       .excludes = {"resume", "seeds", "wise-ft", "save-every", "save-every-steps", "tensorboard",
                    "compat"}},
      {.option = "r-drop-alpha", .needs = {"objective=r-drop"}},
      {.option = "mixout", .excludes = {"objective=smart"}},
      {.option = "label-smoothing", .excludes = {"objective=ordinal"}},
      {.option = "soft-labels", .excludes = {"objective=ordinal"}},
      {.option = "soft-label-share", .needs = {"soft-labels"}},
      {.option = "phrase-weights", .needs = {"train"}},
      {.option = "train-per-label", .needs = {training}},
      {.option = "head", .needs = {training}},
      {.option = "ensemble", .excludes = {"option", training, "soup"}},
      {.option = "soup",
       .excludes = {"option", training, "explain", "file", "against", "probabilities-out",
                    "reliability-diagram"}},
      {.option = "out-dir", .needs = {training, "soup"}},
      {.option = "force", .needs = {training, "soup"}}};
  for (const auto* option : {"save-every", "save-every-steps", "resume", "force"}) {
    if (!dataset.has_any_labels()) rules.push_back({.option = option, .needs = {"out-dir"}});
  }
  for (const auto* option : {"adversarial-steps", "adversarial-step-size", "adversarial-radius"}) {
    rules.push_back({.option = option, .needs = {"objective=smart|free-lb"}});
  }
  for (const auto* option : {"smart-weight", "smart-proximal", "smart-momentum"}) {
    rules.push_back({.option = option, .needs = {"objective=smart"}});
  }
  for (const auto* option : {"train",
                             "tensorboard",
                             "resume",
                             "epochs",
                             "time-budget",
                             "patience",
                             "lr",
                             "schedule",
                             "warmup",
                             "weight-decay",
                             "max-grad-norm",
                             "dtype",
                             "recompute",
                             "hidden-dropout-prob",
                             "pooling",
                             "no-head-bias",
                             "seeds",
                             "save-every",
                             "save-every-steps",
                             "objective",
                             "label-smoothing",
                             "class-weights",
                             "soft-labels",
                             "layer-decay",
                             "average-decay",
                             "wise-ft"}) {
    rules.push_back({.option = option, .needs = {training}});
  }
  rules.push_back({.option = "weights", .needs = {"option=lora"}});
  for (const auto* option : {"reinit-layers", "mixout"}) {
    rules.push_back({.option = option, .needs = {"option=finetune"}});
  }
  for (const auto& more :
       {adapter_rules(), zero_shot_rules(), evaluation_rules(arguments, training)}) {
    rules.insert(rules.end(), more.begin(), more.end());
  }
  for (const auto& option : arguments.all_given()) {
    if (option != "report" && option != "quiet") {
      rules.push_back({.option = option, .excludes = {"report"}});
    }
  }
  check_options(arguments, rules);
  check_labelled_file_arguments(arguments);
  check_zero_shot_arguments(arguments);

  if (arguments.positional().empty()) return;
  const auto& sentence = arguments.positional().front();
  if (trains(arguments)) {
    throw OptionError(
        fmt::format("unexpected argument {}: --option finetune and lora train", quote(sentence)));
  }
  for (const auto* option : {"file", "dev", "test"}) {
    if (!arguments.given(option)) continue;
    throw OptionError(
        fmt::format("the sentence {} does not go with --{}", quote(sentence), option));
  }
}

}  // namespace minillama::app
