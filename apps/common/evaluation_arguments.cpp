#include "common/evaluation_arguments.h"

#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"

#include "common/output_files.h"

namespace minillama::app {
namespace {

/// The files that are read, which nothing may be written to.
std::vector<std::filesystem::path> inputs_of(const Arguments& arguments) {
  std::vector<std::filesystem::path> inputs;
  for (const auto* option :
       {"train", "dev", "test", "model", "tokenizer", "label-names", "soft-labels", "against"}) {
    if (arguments.given(option)) inputs.emplace_back(arguments.text(option));
  }
  return inputs;
}

}  // namespace

void add_evaluation_arguments(Arguments& arguments) {
  arguments.option("probabilities-out",
                   "The probabilities of all labels for --dev or --test, as JSON Lines", "PATH");
  arguments.option("reliability-diagram",
                   "Draw how probabilities and accuracy agree on --dev or --test, as SVG", "PATH");
  arguments.option("against",
                   "Compare with the predictions for the same texts that --dev-out or --test-out "
                   "wrote before: the difference of the accuracies, its 95 % interval and a "
                   "one-sided p",
                   "PATH");
}

std::vector<OptionRule> evaluation_rules(const Arguments& arguments, const std::string& training) {
  std::vector<OptionRule> rules;
  for (const auto* option : {"against", "probabilities-out", "reliability-diagram"}) {
    rules.push_back({.option = option, .needs = {"dev", "test"}});
    rules.push_back({.option = option,
                     .excludes = {training},
                     .reason = "evaluate with --model what was trained"});
    if (!arguments.given("dev")) continue;
    rules.push_back(
        {.option = option, .excludes = {"test"}, .reason = "it is of one set, and --dev is given"});
  }
  return rules;
}

EvaluationReport read_evaluation_arguments(const Arguments& arguments, bool labelled, bool quiet) {
  for (const auto* option : {"against", "reliability-diagram"}) {
    if (labelled || !arguments.given(option)) continue;
    throw OptionError(
        fmt::format("--{} has no effect: the labels of --test are placeholders", option));
  }
  return {.labelled = labelled,
          .json = arguments.is_set("json"),
          .quiet = quiet,
          .against = arguments.text("against"),
          .probabilities = arguments.text("probabilities-out"),
          .reliability_diagram = arguments.text("reliability-diagram")};
}

void check_prediction_file(const Arguments& arguments, const std::string& split,
                           const std::filesystem::path& path) {
  check_output_file(split + "-out", path, inputs_of(arguments));
  if (split == "test" && arguments.given("dev-out") && path == arguments.text("dev-out")) {
    throw OptionError(fmt::format("--test-out is {}, as --dev-out is", quote(path.native(), 400)));
  }
}

void check_evaluation_files(const Arguments& arguments, const std::string& split,
                            const std::filesystem::path& predictions) {
  std::vector<std::pair<std::string, std::filesystem::path>> outputs;
  if (!predictions.empty() || arguments.given(split + "-out")) {
    check_prediction_file(arguments, split, predictions);
    outputs.emplace_back(split + "-out", predictions);
  }
  for (const auto* option : {"probabilities-out", "reliability-diagram"}) {
    if (!arguments.given(option)) continue;
    const std::filesystem::path path = arguments.text(option);
    check_output_file(option, path, inputs_of(arguments));
    for (const auto& [other, other_path] : outputs) {
      if (path.lexically_normal() != other_path.lexically_normal()) continue;
      throw OptionError(
          fmt::format("--{} is {}, as --{} is", option, quote(path.native(), 400), other));
    }
    outputs.emplace_back(option, path);
  }
}

}  // namespace minillama::app
