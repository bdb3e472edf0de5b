// What classify_main() becomes where a torch::nn module is needed or faster: all that it can do.

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/eval/zero_shot.h"
#include "minillama/model/adapters.h"
#include "minillama/model/classifier_file.h"
#include "minillama/model/integrated_gradients.h"
#include "minillama/model/module_decoder.h"
#include "minillama/model/module_text_classifier.h"

#include "common/answer.h"
#include "common/app.h"
#include "common/classify.h"
#include "common/classify_arguments.h"
#include "common/ensemble_arguments.h"
#include "common/explain.h"
#include "common/fine_tune.h"
#include "common/run_reports.h"
#include "common/soup.h"
#include "common/zero_shot_arguments.h"

namespace minillama::app {
namespace {

ModuleTextClassifier load_saved(Checkpoint&& checkpoint, const Arguments& arguments,
                                const ModuleArguments& model) {
  auto tokenizer = checkpoint.tokenizer();
  return {read_classifier(std::move(checkpoint), model.load),
          std::move(tokenizer),
          {.batch_size = batch_size(arguments, TextClassifierOptions{}.batch_size),
           .max_sentence_len = arguments.integer("max-sentence-len")}};
}

ZeroShotClassifier load_zero_shot(Checkpoint&& checkpoint, const Arguments& arguments,
                                  const ModuleArguments& model, const Dataset& dataset) {
  const auto names = label_names(arguments, dataset);
  auto tokenizer = checkpoint.tokenizer();
  const auto options = zero_shot_options(arguments, model, tokenizer, dataset, names);
  auto language_model = read_language_model(std::move(checkpoint), model.load);
  return {decoder_source(language_model), std::move(tokenizer), names, options};
}

/// What --explain gradients asks for.
Explainer gradients(ModuleTextClassifier& classifier) {
  return [&classifier](const std::string& text) {
    return integrated_gradients(classifier, text).explanation;
  };
}

void run_app(const char* program, const Dataset& dataset, int argc, char** argv) {
  const auto read = read_classify_arguments(program, dataset, argc, argv);
  if (!read) return;
  const auto& arguments = *read;
  if (compare_runs(arguments, arguments.is_set("quiet"))) return;
  const auto model = read_module_arguments(arguments, default_classifier(arguments, dataset));
  if (trains(arguments)) {
    fine_tune(app_beside(argv[0], program), arguments, model, dataset);
    return;
  }
  auto checkpoint = Checkpoint::open(model.model, model.open);
  const bool asks = arguments.text("option") == "prompt";
  if (arguments.given("soup")) {
    if (!checkpoint.classifier()) {
      throw OptionError(fmt::format("--soup needs trained classifiers, and {} is none",
                                    quote(model.model.native(), 400)));
    }
    const auto load = [&](Checkpoint&& of) { return load_saved(std::move(of), arguments, model); };
    make_soup(std::move(checkpoint), model.model, arguments, dataset, model.open, load);
    return;
  }
  if (!asks && checkpoint.classifier()) {
    refuse_zero_shot_options(arguments, model.model);
    const auto load = [&](Checkpoint of) {
      return std::make_shared<ModuleTextClassifier>(load_saved(std::move(of), arguments, model));
    };
    const auto classifier = load(std::move(checkpoint));
    refuse_batch_size(arguments, classifier->model()->config(), model.model);
    const bool has_adapter = !active_adapter(classifier->model()->llama).empty();
    const auto all = with_ensemble(classifier, arguments, model.open, load);
    answer(*all, arguments, dataset, has_adapter ? "lora" : "finetuning", model.quiet,
           arguments.text("explain") == "gradients" ? gradients(*classifier)
                                                    : occlusion(*all, arguments));
  } else {
    refuse_ensemble(arguments, model.model);
    if (!asks) refuse_language_model(dataset, model.model);
    if (arguments.text("explain") == "gradients") {
      throw OptionError(fmt::format(
          "--explain gradients has no effect: {} is no trained classifier; occlusion explains any",
          quote(model.model.native(), 400)));
    }
    auto classifier = load_zero_shot(std::move(checkpoint), arguments, model, dataset);
    answer(classifier, arguments, dataset, "prompting", model.quiet,
           occlusion(classifier, arguments));
  }
}

}  // namespace

int classify_main(const char* program, const Dataset& dataset, int argc, char** argv) {
  return run(program, [&] { run_app(program, dataset, argc, argv); });
}

}  // namespace minillama::app
