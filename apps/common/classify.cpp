#include "common/classify.h"

#include <memory>
#include <optional>
#include <string>

#include "minillama/core/error.h"
#include "minillama/eval/text_classifier.h"
#include "minillama/eval/zero_shot.h"

#include "common/answer.h"
#include "common/app.h"
#include "common/classify_arguments.h"
#include "common/ensemble_arguments.h"
#include "common/explain.h"
#include "common/model_arguments.h"
#include "common/run_reports.h"
#include "common/sentences.h"
#include "common/sibling.h"
#include "common/zero_shot_arguments.h"

namespace minillama::app {
namespace {

void run_app(const std::string& program, const Dataset& dataset, int argc, char** argv) {
  const auto read = read_classify_arguments(program.c_str(), dataset, argc, argv);
  if (!read) return;
  const auto& arguments = *read;
  if (compare_runs(arguments, arguments.is_set("quiet"))) return;
  const auto model = read_model_arguments(arguments, default_classifier(arguments, dataset));
  const auto become_module = [&] { become_sibling(program + "-module", argv); };
  if (trains(arguments) || arguments.given("soup") || model.device != "cpu" || arguments.text("explain") == "gradients") {
    become_module();
  }
  const auto checkpoint = Checkpoint::open(model.model, model.open);
  const bool asks = arguments.text("option") == "prompt";
  const auto trained = asks ? std::nullopt : checkpoint.classifier();
  // A module classifies a data set faster; padding and some adapters are the module's alone.
  const bool evaluates = arguments.given("dev") || arguments.given("test");
  if (!checkpoint.suits_engine()) become_module();
  if (trained && (evaluates || trained->pooling == PoolingKind::padded_last)) become_module();
  set_threads_of(arguments);
  if (trained) {
    refuse_zero_shot_options(arguments, model.model);
    refuse_batch_size(arguments, *trained, model.model);
    const auto load = [&](const Checkpoint& of) {
      return std::make_shared<TextClassifier>(
          of, TextClassifierOptions{.max_sentence_len = arguments.integer("max-sentence-len")});
    };
    const auto classifier = with_ensemble(load(checkpoint), arguments, model.open, load);
    classify_sentences(*classifier, arguments, model.quiet, occlusion(*classifier, arguments));
  } else {
    refuse_ensemble(arguments, model.model);
    if (!asks) refuse_language_model(dataset, model.model);
    const auto weights = std::make_shared<const Weights>(checkpoint.language_model());
    const auto tokenizer = checkpoint.tokenizer();
    const auto names = label_names(arguments, dataset);
    const ZeroShotClassifier classifier(
        decoder_source(weights), tokenizer, names,
        zero_shot_options(arguments, model, tokenizer, dataset, names));
    answer(classifier, arguments, dataset, "prompting", model.quiet,
           occlusion(classifier, arguments));
  }
}

}  // namespace

int classify_main(const char* program, const Dataset& dataset, int argc, char** argv) {
  return run(program, [&] { run_app(program, dataset, argc, argv); });
}

}  // namespace minillama::app
