#include "minillama/model/classifier_file.h"

#include "minillama/checkpoint/directory.h"
#include "minillama/core/check.h"
#include "minillama/model/peft_module.h"
#include "minillama/model/stored_module.h"
#include "minillama/model/tensors.h"

namespace minillama {
namespace {

Classifier read_adapted(const std::filesystem::path& path, const LoadOptions& options) {
  const auto adapter = open_peft_adapter(path);
  auto llama = read_language_model(base_of_peft_adapter(path), options)->llama;
  add_peft_adapter(llama, "peft", adapter, options.generator);
  if (adapter.attention && !options.attention) llama->set_attention(*adapter.attention);
  auto model = make_peft_classifier(llama, adapter, options.generator);
  model->to(options.device);
  return model;
}

}  // namespace

bool is_classifier(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return false;
  if (is_peft_adapter(path)) return open_peft_adapter(path).classifier.has_value();
  return holds_classifier(path);
}

Classifier read_classifier(const std::filesystem::path& path, const LoadOptions& options) {
  if (is_peft_adapter(path)) return read_adapted(path, options);
  if (options.frozen) {
    throw FileError(path, "is a classifier with weights of its own, which are not frozen");
  }
  StoredModel stored = open_stored_model(path, options.config);
  if (!stored.classifier) {
    throw FileError(path, "is no classifier: it has no labels (train one with fine-tuning)");
  }
  if (options.attention) stored.config.attention = *options.attention;
  Llama llama(stored.config, options.generator, Initial::uninitialized);
  add_stored_adapters(llama, stored, options.generator);
  Classifier model(llama, *stored.classifier, options.generator);
  assign(parameters_of(*model), stored.tensors, stored.path, stored.file);
  model->to(options.device);
  model->eval();
  return model;
}

void write_classifier(const std::filesystem::path& directory, Classifier& model,
                      const Tokenizer& tokenizer, torch::ScalarType type) {
  require_module(model, "the classifier");
  StoredModel stored = to_stored(model->llama, parameters_of(*model), type);
  stored.classifier = model->config();
  write_directory(directory, stored, tokenizer);
}

}  // namespace minillama
