#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "minillama/io/directory_lock.h"
#include "minillama/model/module_text_classifier.h"
#include "minillama/report/run_report.h"
#include "minillama/train/fine_tuning.h"

#include "common/arguments.h"
#include "common/classify.h"
#include "common/module_arguments.h"
#include "common/training_arguments.h"
#include "common/training_data.h"

namespace minillama::app {

// What every way of training a classifier is made of.

/// The files in --out-dir beside the classifier's own.
inline constexpr const char* kStateFile = "training.safetensors";
inline constexpr const char* kMetricsFile = "metrics.jsonl";

/// Everything that the runs of all seeds share.
struct FineTuningSetting {
  const std::string& program;
  const Arguments& arguments;
  const ModuleArguments& model;
  const Dataset& dataset;
  const TrainingArguments& training;
  const TrainingData& data;
  bool lora;
  bool adapter_alone;  ///< is what --out-dir keeps
};

/// The language model with a new head and, if wanted, new adapters.
ModuleTextClassifier make_classifier(const FineTuningSetting& setting,
                                     const torch::Generator& generator);

/// A run that trains it.
FineTuning make_run(ModuleTextClassifier& classifier, const FineTuningSetting& setting,
                    const torch::Generator& generator);

/// What the data is like, which is said before the first seed's run and told by every report.
TrainingDataCheck look_at_data(ModuleTextClassifier& classifier, const FineTuningSetting& setting);

/// Makes the folder of a run ready, and locks it: an earlier run is left in it to --resume only.
void open_directory(const std::filesystem::path& directory, const FineTuningSetting& setting,
                    std::optional<DirectoryLock>& lock);

/// Writes --out-dir's settings.json, which the runs of all seeds share.
void write_settings(const FineTuningSetting& setting);

/// Writes what --out-dir keeps: the whole classifier, or the adapter.
void write_trained(const std::filesystem::path& directory, ModuleTextClassifier& classifier,
                   const FineTuningSetting& setting);

/// What there is to tell of a run before it is evaluated, for `directory`.
RunReport report_of(const FineTuning& run, const FineTuningSetting& setting,
                    const TrainingDataCheck& check, const std::filesystem::path& directory);

}  // namespace minillama::app
