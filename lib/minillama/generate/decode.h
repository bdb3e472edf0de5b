#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "minillama/generate/decoding_options.h"
#include "minillama/generate/generate.h"

namespace minillama {

/// Continues prompts by the strategy that `decoding` asks for, each several times: samples in the
/// order of their seeds, or what a search found, the best first. A search may find fewer than were
/// asked for. What becomes of a prompt does not depend on the others: the j-th sample of the i-th
/// prompt is what generate() makes of it with the seed options.seed + i * decoding.continuations +
/// j. A prompt is read once for all of its continuations.
///
/// @param on_token is called with each new token of a single sample; false ends it. Searches know
///                 their texts at the end only, and do not call it.
/// Throws OptionError if the options or a prompt cannot be used, InputError if the model's weights
/// are broken.
std::vector<std::vector<Generation>> decode(const DecoderSource& model, const Prompts& prompts,
                                            const GenerationOptions& options,
                                            const DecodingOptions& decoding,
                                            std::span<const std::int64_t> stop_ids,
                                            const std::function<bool(std::int64_t)>& on_token = {});

/// The name of the strategy that the options ask for: "beam search".
std::string_view strategy_of(const DecodingOptions& decoding);

}  // namespace minillama
