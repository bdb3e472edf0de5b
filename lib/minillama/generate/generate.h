#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "minillama/generate/decoder.h"
#include "minillama/generate/generation.h"
#include "minillama/generate/generation_options.h"
#include "minillama/generate/scheduler.h"

namespace minillama {

/// Continues a sequence of tokens. Throws OptionError if the options or the prompt cannot be used,
/// InputError if the model's weights are broken.
///
/// @param prompt   usually BOS and a text; see check_prompt()
/// @param stop_ids tokens that end the text, if options.stop_at_end
/// @param on_token is called with each new token; false ends generation
Generation generate(const DecoderSource& model, std::span<const std::int64_t> prompt,
                    const GenerationOptions& options, std::span<const std::int64_t> stop_ids,
                    const std::function<bool(std::int64_t)>& on_token = {});

using Prompts = std::vector<std::vector<std::int64_t>>;

/// Continues several sequences, options.batch_size of them at a time: with an engine they go
/// through the model side by side, which is several times as fast as one by one. What becomes of a
/// prompt does not depend on the others: it is what generate() makes of it alone with the seed
/// options.seed + its index.
std::vector<Generation> generate_batch(const DecoderSource& model, const Prompts& prompts,
                                       const GenerationOptions& options,
                                       std::span<const std::int64_t> stop_ids);

/// What becomes of requests, options.batch_size of them at a time: in a scheduler that is as large
/// as they need, made with `options`.
std::vector<Generation> generate_all(const DecoderSource& model,
                                     std::vector<GenerationRequest> requests,
                                     const GenerationOptions& options);

}  // namespace minillama
