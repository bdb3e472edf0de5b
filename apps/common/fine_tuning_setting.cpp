#include "common/fine_tuning_setting.h"

#include <algorithm>
#include <utility>

#include <torch/version.h>

#include "minillama/core/error.h"
#include "minillama/io/atomic_file.h"
#include "minillama/model/adapters.h"
#include "minillama/model/classifier_file.h"
#include "minillama/model/label_word_head.h"
#include "minillama/model/peft_module.h"
#include "minillama/report/comparison.h"

#include "common/classify_arguments.h"
#include "common/fine_tuning_report.h"
#include "common/output.h"
#include "common/run_reports.h"
#include "common/settings_file.h"

namespace minillama::app {

ModuleTextClassifier make_classifier(const FineTuningSetting& setting,
                                     const torch::Generator& generator) {
  LoadOptions load = setting.model.load;
  load.generator = generator;
  load.frozen = setting.training.frozen;
  auto checkpoint = Checkpoint::open(setting.model.model, setting.model.open);
  auto tokenizer = checkpoint.tokenizer();
  auto language_model = read_language_model(std::move(checkpoint), load);
  auto& llama = language_model->llama;
  if (const auto adapter = active_adapter(llama); !adapter.empty()) {
    absorb_adapter(llama);
    if (!setting.model.quiet) {
      note("the model's adapter {} became part of its weights\n", quote(adapter));
    }
  }
  llama->reset_last_layers(setting.training.new_layers, generator);
  const std::string name = setting.dataset.name.empty() ? "labels" : setting.dataset.name;
  if (setting.lora) add_adapter(llama, name, setting.training.adapter, generator);
  Classifier model(llama, setting.training.classifier, generator);
  if (setting.training.label_words) {
    set_label_words(model, language_model->output_weight(), tokenizer);
  }
  if (setting.lora) train_only_adapter(llama, name);
  llama->set_recompute(setting.training.recompute);
  if (!setting.training.head_has_bias) {
    model->classifier_head->bias.set_requires_grad(false).zero_();
  }
  return {std::move(model),
          std::move(tokenizer),
          {.batch_size = setting.training.fine_tuning.batches.size,
           .max_sentence_len = setting.arguments.integer("max-sentence-len")}};
}

FineTuning make_run(ModuleTextClassifier& classifier, const FineTuningSetting& setting,
                    const torch::Generator& generator) {
  const auto& training = setting.training;
  auto train_examples = encode(classifier, setting.data.train);
  auto dev_examples = encode(classifier, setting.data.dev);
  if (const auto n = train_examples.n_shortened + dev_examples.n_shortened; n > 0) {
    note("{} sentences were shortened to fit\n", n);
  }
  weigh_classes(setting.arguments, std::ssize(training.classifier.label_names), train_examples);
  train_examples.targets = setting.data.targets;
  auto objective = training.objective;
  objective.seed = generator.current_seed();
  return {
      classifier.model(), std::move(train_examples), std::move(dev_examples), training.fine_tuning,
      generator,          make_objective(objective)};
}

TrainingDataCheck look_at_data(ModuleTextClassifier& classifier, const FineTuningSetting& setting) {
  const auto context = classifier.model()->llama->max_tokens();
  const auto wanted = classifier.options().max_sentence_len;
  return check_training_data(setting.data, classifier.tokenizer(),
                             wanted > 0 ? std::min(wanted, context) : context);
}

void open_directory(const std::filesystem::path& directory, const FineTuningSetting& setting,
                    std::optional<DirectoryLock>& lock) {
  make_directory(directory);
  lock.emplace(directory);
  if (setting.arguments.is_set("force")) {
    for (const auto* file : {kStateFile, kReportFile, kSummaryFile}) remove_file(directory / file);
  }
}

void write_settings(const FineTuningSetting& setting) {
  write_settings(out_directory(setting.arguments, setting.dataset), setting.arguments);
}

void write_trained(const std::filesystem::path& directory, ModuleTextClassifier& classifier,
                   const FineTuningSetting& setting) {
  if (!setting.adapter_alone) {
    return write_classifier(directory, classifier.model(), classifier.tokenizer());
  }
  // With those of a whole model, which may have been here, the directory would be taken for it.
  for (const auto* file : {"config.json", "model.safetensors"}) remove_file(directory / file);
  const auto base = std::filesystem::proximate(std::filesystem::absolute(setting.model.model),
                                               std::filesystem::absolute(directory));
  write_peft_adapter(directory, classifier.model(), base.native());
}

RunReport report_of(const FineTuning& run, const FineTuningSetting& setting,
                    const TrainingDataCheck& check, const std::filesystem::path& directory) {
  auto report =
      begin_report(setting.arguments, directory, run.settings(), {{"LibTorch", TORCH_VERSION}});
  report.data = check.report;
  report.summary.figures = {{"dev accuracy of the most frequent label", check.majority_accuracy},
                            {"dev accuracy of naive Bayes", check.naive_bayes_accuracy}};
  add_training(run, report);
  return report;
}

}  // namespace minillama::app
