// What classify_main() becomes where it trains, evaluates, asks a language model or needs a device:
// everything that it can do, on a torch::nn module.

#include <map>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/eval/zero_shot.h"
#include "minillama/model/adapters.h"
#include "minillama/model/classifier_file.h"
#include "minillama/model/module_text_classifier.h"

#include "common/app.h"
#include "common/classify.h"
#include "common/classify_arguments.h"
#include "common/evaluate.h"
#include "common/fine_tune.h"
#include "common/sentences.h"

namespace minillama::app {
namespace {

ModuleTextClassifier load_saved(const Arguments& arguments, const ModuleArguments& model) {
  const TextClassifierOptions options{
      .batch_size = batch_size(arguments, TextClassifierOptions{}.batch_size),
      .max_sentence_len = arguments.integer("max-sentence-len")};
  return load_classifier(model.model, model.load, model.open.tokenizer, options);
}

ZeroShotClassifier load_zero_shot(const Arguments& arguments, const ModuleArguments& model,
                                  const Dataset& dataset) {
  ZeroShotOptions options{.compatible = model.compatible,
                          .batch_size = batch_size(arguments, ZeroShotOptions{}.batch_size),
                          .calibrate = arguments.is_set("calibrate"),
                          .max_sentence_len = arguments.integer("max-sentence-len")};
  if (arguments.given("template")) options.sentence_template = arguments.text("template");
  const auto names = label_names(arguments, dataset);
  auto language_model = read_language_model(model.model, model.load);
  auto tokenizer = read_tokenizer_for(model.model, language_model->config(), model.open.tokenizer);
  return {std::move(language_model), std::move(tokenizer), names, options};
}

/// Evaluates on the data sets that were named or, if none was, classifies sentences. `method` is
/// the assignment's word for how the labels are found.
void use(SentenceClassifier& classifier, const Arguments& arguments, const Dataset& dataset,
         const std::string& method, bool quiet) {
  if (!arguments.given("dev") && !arguments.given("test")) {
    classify_sentences(classifier, arguments, quiet);
    return;
  }
  std::map<std::string, std::vector<LabelledSentence>> data;
  for (const std::string split : {"dev", "test"}) {
    if (!arguments.given(split)) continue;
    check_prediction_file(arguments, split, out_path(arguments, dataset, split, method, ""));
    data[split] =
        read_labelled_sentences(arguments.text(split), std::ssize(classifier.label_names()));
  }
  for (const auto& [split, examples] : data) {
    evaluate(classifier, split, examples, out_path(arguments, dataset, split, method, ""),
             {.labelled = split == "dev" || dataset.test_is_labelled,
              .json = arguments.is_set("json"),
              .quiet = quiet});
  }
}

void run_app(const char* program, const Dataset& dataset, int argc, char** argv) {
  auto arguments = declare_classify_arguments(program, dataset);
  if (!arguments.parse(argc, argv)) return;
  check_classify_arguments(arguments);
  const auto option = arguments.text("option");
  const auto model = read_module_arguments(arguments, default_classifier(arguments, dataset));
  if (option == "finetune" || option == "lora") {
    fine_tune(program, arguments, model, dataset, option == "lora");
    return;
  }
  if (option.empty() && is_classifier(model.model)) {
    refuse_zero_shot_options(arguments, model.model);
    auto classifier = load_saved(arguments, model);
    refuse_batch_size(arguments, classifier.model()->config(), model.model);
    const bool has_adapter = !active_adapter(classifier.model()->llama).empty();
    use(classifier, arguments, dataset, has_adapter ? "lora" : "finetuning", model.quiet);
  } else {
    if (arguments.given("batch-size") && !model.compatible) {
      throw OptionError("--batch-size has no effect on asking without --compat cmu2025");
    }
    auto classifier = load_zero_shot(arguments, model, dataset);
    use(classifier, arguments, dataset, "prompting", model.quiet);
  }
}

}  // namespace

int classify_main(const char* program, const Dataset& dataset, int argc, char** argv) {
  return run(program, [&] { run_app(program, dataset, argc, argv); });
}

}  // namespace minillama::app
