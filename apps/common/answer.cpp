#include "common/answer.h"

#include <map>
#include <vector>

#include "common/classify_arguments.h"
#include "common/evaluate.h"
#include "common/labelled_files.h"
#include "common/sentences.h"

namespace minillama::app {

void answer(const SentenceClassifier& classifier, const Arguments& arguments,
            const Dataset& dataset, const std::string& method, bool quiet) {
  if (!arguments.given("dev") && !arguments.given("test")) {
    classify_sentences(classifier, arguments, quiet);
    return;
  }
  std::map<std::string, std::vector<LabelledSentence>> data;
  for (const std::string split : {"dev", "test"}) {
    if (!arguments.given(split)) continue;
    check_prediction_file(arguments, split, out_path(arguments, dataset, split, method, ""));
    data[split] = read_examples(arguments.text(split), arguments, classifier.label_names());
  }
  for (const auto& [split, examples] : data) {
    evaluate(classifier, split, examples, out_path(arguments, dataset, split, method, ""),
             {.labelled = split == "dev" || dataset.test_is_labelled,
              .json = arguments.is_set("json"),
              .quiet = quiet});
  }
}

}  // namespace minillama::app
