#include "minillama/model/language_model_file.h"

#include <fmt/format.h>

#include "minillama/checkpoint/directory.h"
#include "minillama/core/error.h"
#include "minillama/model/frozen_model.h"
#include "minillama/model/stored_module.h"
#include "minillama/model/tensors.h"

namespace minillama {

LanguageModel read_language_model(const std::filesystem::path& path, const LoadOptions& options) {
  return read_language_model(
      Checkpoint::open(path, {.attention = options.attention, .config = options.config}), options);
}

LanguageModel read_language_model(Checkpoint&& checkpoint, const LoadOptions& options) {
  const StoredModel& stored = checkpoint.stored_language_model();
  LanguageModel model(stored.config, options.generator, Initial::uninitialized);
  if (options.frozen) {
    if (!options.device.is_cpu()) {
      throw OptionError(fmt::format("frozen weights are computed with on the CPU: device is {}",
                                    options.device.str()));
    }
    assign_frozen(model, stored, options.frozen->format);
  } else {
    add_stored_adapters(model->llama, stored, options.generator);
    assign(stored_parameters(model), stored.tensors, stored.path, stored.file);
    model->to(options.device);
  }
  model->eval();
  return model;
}

void write_language_model(const std::filesystem::path& directory, LanguageModel& model,
                          const Tokenizer& tokenizer, torch::ScalarType type) {
  write_directory(directory, to_stored(model, type), tokenizer);
}

}  // namespace minillama
