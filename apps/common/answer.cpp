#include "common/answer.h"

#include <vector>

#include "common/classify_arguments.h"
#include "common/evaluate.h"
#include "common/evaluation_arguments.h"
#include "common/labelled_files.h"
#include "common/sentences.h"

namespace minillama::app {
namespace {

/// A data set, and what becomes of it.
struct Task {
  std::string split;
  std::vector<LabelledSentence> examples;
  std::filesystem::path out;
  EvaluationReport report;
};

}  // namespace

void answer(const SentenceClassifier& classifier, const Arguments& arguments,
            const Dataset& dataset, const std::string& method, bool quiet,
            const Explainer& explain) {
  if (!arguments.given("dev") && !arguments.given("test")) {
    classify_sentences(classifier, arguments, quiet, explain);
    return;
  }
  std::vector<Task> tasks;
  for (const std::string split : {"dev", "test"}) {
    if (!arguments.given(split)) continue;
    const bool labelled = split == "dev" || dataset.test_is_labelled;
    const auto report = read_evaluation_arguments(arguments, labelled, quiet);
    const auto out = out_path(arguments, dataset, split, method, "");
    check_evaluation_files(arguments, split, out);
    tasks.push_back({split,
                     read_examples(arguments.text(split), arguments, classifier.label_names()), out,
                     report});
  }
  for (const auto& task : tasks) {
    evaluate(classifier, task.split, task.examples, task.out, task.report);
  }
}

}  // namespace minillama::app
