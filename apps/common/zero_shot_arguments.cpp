#include "common/zero_shot_arguments.h"

#include <cstdint>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/eval/label_length.h"
#include "minillama/generate/chat.h"
#include "minillama/text/shots.h"

#include "common/default_files.h"
#include "common/labelled_files.h"

namespace minillama::app {
namespace {

constexpr const char* kTraining = "option=finetune|lora";

/// The names of a table's rows: "a, b or c".
template <typename Rows>
std::string names_of(const Rows& rows) {
  std::string names;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    names += i == 0 ? "" : i + 1 < rows.size() ? ", " : " or ";
    names += rows[i].name;
  }
  return names;
}

std::vector<Shot> read_shots(const Arguments& arguments, const Dataset& dataset,
                             const std::vector<std::string>& label_names) {
  if (!arguments.given("shots")) return {};
  const auto seed = arguments.integer("seed");
  if (seed < 0) throw OptionError(fmt::format("--seed is {}, must be 0 or positive", seed));
  if (dataset.has_any_labels() && !arguments.given("shots-from")) {
    throw OptionError("--shots needs --shots-from");
  }
  const auto name = fmt::format("{0}/{0}-train.txt", dataset.name);
  const std::filesystem::path path = arguments.given("shots-from")
                                         ? std::filesystem::path(arguments.text("shots-from"))
                                         : find_data(name);
  if (path.empty()) throw OptionError(fmt::format("no data/{} found: give --shots-from", name));
  return draw_shots(read_examples(path, arguments, label_names), label_names,
                    arguments.integer("shots"), static_cast<std::uint64_t>(seed));
}

std::optional<LabelPrior> read_prior(const Arguments& arguments) {
  if (arguments.is_set("calibrate")) return LabelPrior{.texts = arguments.texts("content-free")};
  if (!arguments.given("prior")) return {};
  LabelPrior prior{.kind = arguments.text("prior"), .texts = arguments.texts("content-free")};
  if (arguments.given("domain-premise")) prior.texts = {arguments.text("domain-premise")};
  return prior;
}

}  // namespace

void add_zero_shot_arguments(Arguments& arguments, const Dataset& dataset) {
  arguments.group("Asking (--option prompt)");
  arguments.flag("chat",
                 "Ask in a conversation, with the chat template of the model's file: --template is "
                 "what the user writes, and behind {answer} how the answer begins");
  arguments.option(
      "length-normalization",
      fmt::format("Divide a label's log-likelihood by its length: {}", names_of(label_lengths())),
      "NAME", "none");
  arguments.option("prior",
                   fmt::format("Divide out how probable labels are anyway: {} (behind texts "
                               "without content; behind a premise of the domain; on average over "
                               "--dev or --test, whose answers then depend on each other)",
                               names_of(label_prior_kinds())),
                   "NAME");
  arguments.flag("calibrate", "The same as --prior content-free");
  arguments.repeated_option("content-free",
                            "A text without content; given again, one more: their mean counts "
                            "(default: N/A)",
                            "TEXT");
  arguments.option("domain-premise",
                   "The premise of the domain (default: what stands behind the sentence in the "
                   "template)",
                   "TEXT");
  arguments.option("shots",
                   "Show so many examples first, with their labels, as many of each label as can "
                   "be, drawn by --seed; their sentences are cut, too, if not all fits",
                   "N");
  arguments.option("shots-from",
                   dataset.has_any_labels()
                       ? "Draw them from such a file as --train"
                       : fmt::format("Draw them from such a file as --train (default: "
                                     "{0}/{0}-train.txt in $MINILLAMA_DATA or data/)",
                                     dataset.name),
                   "PATH");
}

std::vector<OptionRule> zero_shot_rules() {
  std::vector<OptionRule> rules;
  for (const auto* option : {"chat", "length-normalization", "prior", "calibrate", "shots"}) {
    rules.push_back({.option = option, .excludes = {kTraining, "compat"}});
  }
  rules.push_back({.option = "calibrate", .excludes = {"prior"}});
  rules.push_back({.option = "content-free", .needs = {"prior=content-free", "calibrate"}});
  rules.push_back({.option = "domain-premise", .needs = {"prior=domain"}});
  rules.push_back({.option = "shots-from", .needs = {"shots"}});
  return rules;
}

void check_zero_shot_arguments(const Arguments& arguments) {
  const auto option = arguments.text("option");
  if (arguments.texts("template").size() > 1) {
    if (option == "finetune" || option == "lora") {
      throw OptionError("--template is given twice: a classifier is trained with one");
    }
    if (arguments.given("compat")) {
      throw OptionError("--template is given twice, which does not go with --compat");
    }
  }
  if (arguments.text("prior") == "batch" && !arguments.given("dev") && !arguments.given("test")) {
    throw OptionError(
        "--prior batch needs --dev or --test: it compares the sentences of a set with each other");
  }
  for (const std::string split : {"dev", "test"}) {
    if (!arguments.given("shots-from") || arguments.text("shots-from") != arguments.text(split)) {
      continue;
    }
    throw OptionError(
        fmt::format("--shots-from is --{}: examples would give its answers away", split));
  }
}

void refuse_zero_shot_options(const Arguments& arguments, const std::filesystem::path& model) {
  for (const std::string name :
       {"label-names", "template", "chat", "length-normalization", "prior", "calibrate", "shots"}) {
    if (!arguments.given(name)) continue;
    throw OptionError(fmt::format(
        "--{} goes with --option prompt, or finetune or lora to train: {} is trained already, "
        "with its own labels and template",
        name, quote(model.native(), 400)));
  }
}

ZeroShotOptions zero_shot_options(const Arguments& arguments, const ModelArguments& model,
                                  const Tokenizer& tokenizer, const Dataset& dataset,
                                  const std::vector<std::string>& label_names) {
  if (arguments.given("batch-size") && !model.compatible) {
    throw OptionError("--batch-size has no effect on asking without --compat cmu2025");
  }
  ZeroShotOptions options{.compatible = model.compatible,
                          .templates = arguments.texts("template"),
                          .shots = read_shots(arguments, dataset, label_names),
                          .length_normalization = arguments.text("length-normalization"),
                          .prior = read_prior(arguments),
                          .max_sentence_len = arguments.integer("max-sentence-len")};
  if (arguments.given("batch-size")) options.batch_size = arguments.integer("batch-size");
  if (arguments.is_set("chat")) options.chat = Chat::read_template(model.model, tokenizer);
  return options;
}

}  // namespace minillama::app
