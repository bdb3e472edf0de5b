#pragma once

#include <filesystem>

#include "minillama/generate/text_generator.h"
#include "minillama/model/language_model.h"
#include "minillama/model/language_model_file.h"

namespace minillama {

/// A TextGenerator on a torch::nn module, which may be trained on or be on another device.
class ModuleTextGenerator : public TextGenerator {
 public:
  /// Throws OptionError if `model` is empty.
  ModuleTextGenerator(LanguageModel model, Tokenizer tokenizer);

  LanguageModel& model() { return model_; }

  /// From now on generates with the weights that the module has now in eight bits (Q8_0), in memory
  /// of their own: see use_weights(). The module stays what it is.
  void quantize();

 private:
  LanguageModel model_;
};

/// Reads a language model into a module, and its tokenizer, which lies beside it unless `tokenizer`
/// names another. See read_language_model() for formats and errors. To generate only,
/// TextGenerator::load() takes less memory.
ModuleTextGenerator load_language_model(const std::filesystem::path& path,
                                        const LoadOptions& options = {},
                                        const std::filesystem::path& tokenizer = {});

}  // namespace minillama
