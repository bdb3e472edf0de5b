#include "common/classify.h"

#include <optional>
#include <string>

#include "minillama/core/error.h"
#include "minillama/eval/text_classifier.h"

#include "common/app.h"
#include "common/classify_arguments.h"
#include "common/model_arguments.h"
#include "common/sentences.h"
#include "common/sibling.h"

namespace minillama::app {
namespace {

/// Whether an engine does what was asked for: sentences for a trained classifier, on the processor.
bool is_for_engine(const Arguments& arguments, const ModelArguments& model,
                   const std::optional<ClassifierConfig>& classifier) {
  return classifier && classifier->pooling != PoolingKind::padded_last &&
         !arguments.given("option") && !arguments.given("dev") && !arguments.given("test") &&
         !model.compatible && model.device == "cpu";
}

void run_app(const std::string& program, const Dataset& dataset, int argc, char** argv) {
  auto arguments = declare_classify_arguments(program.c_str(), dataset);
  if (!arguments.parse(argc, argv)) return;
  check_classify_arguments(arguments);
  const auto model = read_model_arguments(arguments, default_classifier(arguments, dataset));
  const auto checkpoint = arguments.given("option")
                              ? std::nullopt
                              : std::optional(Checkpoint::open(model.model, model.open));
  if (!is_for_engine(arguments, model, checkpoint ? checkpoint->classifier() : std::nullopt)) {
    become_sibling(program + "-module", argv);
  }
  set_threads_of(arguments);
  refuse_zero_shot_options(arguments, model.model);
  refuse_batch_size(arguments, *checkpoint->classifier(), model.model);
  TextClassifier classifier(*checkpoint,
                            {.max_sentence_len = arguments.integer("max-sentence-len")});
  classify_sentences(classifier, arguments, model.quiet);
}

}  // namespace

int classify_main(const char* program, const Dataset& dataset, int argc, char** argv) {
  return run(program, [&] { run_app(program, dataset, argc, argv); });
}

}  // namespace minillama::app
