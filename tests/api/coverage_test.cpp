// "arguments: <header>": every public function of that header is called with each argument that it
// cannot use. Here is checked that no header is forgotten.

#include <map>
#include <regex>
#include <string>

#include "support/catch.h"
#include "support/files.h"

namespace {

/// Headers whose functions are tried elsewhere, or that have none that could be called wrongly.
const std::map<std::string, std::string> kElsewhere{
    {"model/classifier_file.h", "arguments: files of models"},
    {"model/export.h", "arguments: files of models"},
    {"model/language_model_file.h", "arguments: files of models"},
    {"checkpoint/chat_template_file.h", "tests/generate/chat_test.cpp"},
    {"checkpoint/checkpoint.h", "arguments: files of models"},
    {"checkpoint/peft_adapter.h", "arguments: files of models"},
    {"checkpoint/tokenizer_file.h", "arguments: files of models"},
    {"data/data_check.h", "tests/data/data_check_test.cpp"},
    {"data/data_split.h", "tests/data/data_split_test.cpp"},
    {"data/data_troubles.h", "takes any report"},
    {"data/labelled_data.h", "tests/data"},
    {"data/soft_labels.h", "tests/data/soft_labels_test.cpp"},
    {"eval/accuracy_difference.h", "tests/eval/accuracy_difference_test.cpp"},
    {"eval/bootstrap.h", "tests/eval/bootstrap_test.cpp"},
    {"eval/calibration.h", "tests/eval/calibration_test.cpp"},
    {"eval/ensemble.h", "tests/eval/ensemble_test.cpp"},
    {"eval/explanation.h", "tests/eval/explanation_test.cpp"},
    {"eval/interval.h", "tests/eval/interval_test.cpp"},
    {"eval/majority.h", "tests/eval/naive_bayes_test.cpp"},
    {"eval/mistakes.h", "tests/eval/mistakes_test.cpp"},
    {"eval/naive_bayes.h", "tests/eval/naive_bayes_test.cpp"},
    {"eval/reliability_diagram.h", "tests/eval/reliability_diagram_test.cpp"},
    {"eval/text_classifier.h", "tests/eval/text_classifier_test.cpp, tests/runtime"},
    {"eval/text_likelihood.h", "tests/eval/text_likelihood_test.cpp"},
    {"generate/chat.h", "tests/generate/chat_test.cpp"},
    {"generate/decode.h", "tests/generate/decode_test.cpp"},
    {"generate/decoding_options.h", "tests/generate/decode_test.cpp"},
    {"generate/draft_model.h", "tests/generate/speculative_test.cpp"},
    {"generate/drafter.h", "tests/generate/speculative_test.cpp"},
    {"generate/prompt_lookup.h", "tests/generate/speculative_test.cpp"},
    {"generate/distribution_filter.h", "tests/generate/sampling_reference_test.cpp"},
    {"generate/logits_processor.h", "tests/generate/logits_processor_test.cpp"},
    {"generate/sampling_steps.h", "tests/generate/sampling_steps_test.cpp"},
    {"generate/word_options.h", "tests/generate/word_options_test.cpp"},
    {"generate/generation.h", "arguments: generate/generate.h"},
    {"grammar/constraint.h", "tests/grammar/constraint_test.cpp"},
    {"grammar/vocabulary.h", "tests/grammar/constraint_test.cpp"},
    {"generate/scheduler.h", "tests/generate/scheduler_test.cpp"},
    {"text/chat_template.h", "tests/text/chat_template_test.cpp"},
    {"text/batches.h", "arguments: text/batch.h"},
    {"model/module_text_generator.h", "arguments: generate/text_generator.h"},
    {"model/gguf_adapter.h", "tests/model/gguf_adapter_test.cpp"},
    {"model/peft_module.h", "arguments: files of models"},
    {"weights/classifier_config.h", "arguments: model/classifier.h"},
    {"ops/frozen_matrix.h", "tests/ops/frozen_matrix_test.cpp"},
    {"nn/adapter.h", "tests/nn/adapter_test.cpp"},
    {"weights/adapter_options.h", "tests/weights/adapter_options_test.cpp"},
    {"adapters/bitfit.h", "tests/adapters/bitfit_test.cpp"},
    {"adapters/bottleneck.h", "tests/adapters/bottleneck_test.cpp"},
    {"adapters/dora.h", "tests/adapters/dora_test.cpp"},
    {"adapters/ia3.h", "tests/adapters/ia3_test.cpp"},
    {"weights/bitfit_options.h", "tests/adapters/bitfit_test.cpp"},
    {"weights/bottleneck_options.h", "tests/adapters/bottleneck_test.cpp"},
    {"adapters/prefix.h", "tests/adapters/prefix_test.cpp"},
    {"weights/prefix_options.h", "tests/adapters/prefix_test.cpp"},
    {"weights/dora_options.h", "tests/adapters/dora_test.cpp"},
    {"weights/ia3_options.h", "tests/adapters/ia3_test.cpp"},
    {"weights/linear_names.h", "tests/weights/adapter_options_test.cpp"},
    {"weights/lora_options.h", "arguments: adapters/lora.h"},
    {"core/error.h", "only makes errors"},
    {"core/named_tensors.h", "takes any module"},
    {"io/event_file.h", "tests/io/event_file_test.cpp"},
    {"io/directory_lock.h", "tests/io/directory_lock_test.cpp"},
    {"optim/weight_average.h", "tests/optim/weight_average_test.cpp"},
    {"model/integrated_gradients.h", "tests/model/integrated_gradients_test.cpp"},
    {"report/comparison.h", "tests/report/comparison_test.cpp"},
    {"report/machine.h", "takes nothing"},
    {"report/run_report.h", "takes any report"},
    {"report/run_summary.h", "tests/report/run_summary_test.cpp"},
    {"model/label_word_head.h", "tests/model/label_word_head_test.cpp"},
    {"text/balanced_sample.h", "tests/text/shots_test.cpp"},
    {"text/labelled_sentences.h", "tests/text/labelled_sentences_test.cpp"},
    {"text/treebank.h", "tests/text/treebank_test.cpp"},
    {"train/class_weights.h", "tests/train/class_weights_test.cpp"},
    {"train/free_lb.h", "tests/train/free_lb_test.cpp"},
    {"train/mixout.h", "tests/train/mixout_test.cpp"},
    {"train/objectives.h", "tests/train/r_drop_test.cpp"},
    {"train/ordinal.h", "tests/train/ordinal_test.cpp"},
    {"train/r_drop.h", "tests/train/r_drop_test.cpp"},
    {"train/smart.h", "tests/train/smart_test.cpp"},
    {"train/training_passes.h", "tests/train/training_passes_test.cpp"},
    {"train/weight_interpolation.h", "tests/train/weight_interpolation_test.cpp"},
    {"train/weight_soup.h", "tests/train/weight_soup_test.cpp"},
    {"text/text_file.h", "tests/text"},
    {"text/text_words.h", "tests/text/text_words_test.cpp"},
    {"text/tokenized_text.h", "tests/text/tokenized_text_test.cpp"}};

}  // namespace

TEST_CASE("arguments: every header of the public interface is tried with wrong ones") {
  std::string tests;
  for (const auto* name : {"eval", "model", "nn", "ops", "text", "train"}) {
    tests += minillama::test::read_text(
        minillama::test::repository_file(std::string("tests/api/") + name + "_test.cpp"));
  }
  const auto interface =
      minillama::test::read_text(minillama::test::repository_file("lib/minillama/minillama.h"));
  const std::regex include("#include \"minillama/([^\"]+)\"");
  int headers = 0;
  for (std::sregex_iterator it(interface.begin(), interface.end(), include), end; it != end; ++it) {
    const std::string header = (*it)[1];
    ++headers;
    if (kElsewhere.count(header) > 0) continue;
    // Named in a test case's name, alone or with others.
    const std::regex named("TEST_CASE\\(\"arguments: [^\"]*" + header + "[ ,\"]");
    INFO(header);
    CHECK(std::regex_search(tests, named));
  }
  CHECK(headers > 40);
}
