#include "minillama/model/module_text_generator.h"

#include <utility>

#include "minillama/core/error.h"
#include "minillama/model/module_decoder.h"
#include "minillama/model/module_weights.h"

namespace minillama {

ModuleTextGenerator::ModuleTextGenerator(LanguageModel model, Tokenizer tokenizer)
    : TextGenerator(decoder_source(model), std::move(tokenizer)), model_(std::move(model)) {}

void ModuleTextGenerator::quantize() {
  if (!suits_engine(model_)) {
    throw OptionError(
        "weights of type q8_0 (--weights q8_0) need a causal model in float32 on the CPU, its "
        "adapter merged");
  }
  use(std::make_shared<const Weights>(converted(weights_of(model_), weight_format(DType::q8_0))));
}

ModuleTextGenerator load_language_model(const std::filesystem::path& path,
                                        const LoadOptions& options,
                                        const std::filesystem::path& tokenizer) {
  auto checkpoint = Checkpoint::open(
      path, {.attention = options.attention, .config = options.config, .tokenizer = tokenizer});
  auto its_tokenizer = checkpoint.tokenizer();
  return {read_language_model(std::move(checkpoint), options), std::move(its_tokenizer)};
}

}  // namespace minillama
