#pragma once

#include <functional>
#include <span>
#include <vector>

#include "minillama/generate/generate.h"
#include "minillama/model/language_model.h"

namespace minillama {

/// `model` as what generates: an engine on its weights where that computes it
/// (model/module_weights.h) and options.use_engine, else the module itself, with a KV cache for
/// causal models or by running over the whole sequence again for every token. The engine sees the
/// weights that the module has when generation begins. is_concurrent says whether an engine
/// computes the model as it is now. Throws OptionError if the model is empty.
DecoderSource decoder_source(LanguageModel model);

/// generate() and generate_batch() (generate/generate.h) with decoder_source(model).
Generation generate(LanguageModel& model, std::span<const std::int64_t> prompt,
                    const GenerationOptions& options, std::span<const std::int64_t> stop_ids,
                    const std::function<bool(std::int64_t)>& on_token = {});
std::vector<Generation> generate_batch(LanguageModel& model, const Prompts& prompts,
                                       const GenerationOptions& options,
                                       std::span<const std::int64_t> stop_ids);

}  // namespace minillama
