#include "minillama/model/classifier_file.h"

#include "minillama/checkpoint/directory.h"
#include "minillama/core/error.h"
#include "minillama/model/stored_module.h"
#include "minillama/model/tensors.h"

namespace minillama {

bool is_classifier(const std::filesystem::path& path) {
  return std::filesystem::is_directory(path) && Checkpoint::open(path).classifier().has_value();
}

Classifier read_classifier(const std::filesystem::path& path, const LoadOptions& options) {
  return read_classifier(
      Checkpoint::open(path, {.attention = options.attention, .config = options.config}), options);
}

Classifier read_classifier(Checkpoint&& checkpoint, const LoadOptions& options) {
  const StoredModel& stored = checkpoint.stored_classifier();
  if (options.frozen) {
    throw FileError(stored.path, "is a classifier: only a language model's weights are frozen");
  }
  Llama llama(stored.config, options.generator, Initial::uninitialized);
  add_stored_adapters(llama, stored, options.generator);
  assign(parameters_of(*llama), stored.tensors, stored.path, stored.file);
  Classifier model(llama, *stored.classifier, options.generator);
  assign_head(model, stored.head, stored.path);
  model->to(options.device);
  model->eval();
  return model;
}

void write_classifier(const std::filesystem::path& directory, Classifier& model,
                      const Tokenizer& tokenizer, torch::ScalarType type) {
  write_directory(directory, to_stored(model, type), tokenizer);
}

}  // namespace minillama
