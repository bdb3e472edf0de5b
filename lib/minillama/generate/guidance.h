#pragma once

// Not part of the public interface: classifier-free guidance, for all strategies of
// generate/decode.h.

#include <cstddef>

#include "minillama/generate/decoder.h"
#include "minillama/generate/decoding_options.h"

namespace minillama {

void check_guidance(const DecodingOptions& decoding, const ModelConfig& config);

/// A model that gives, behind a prompt of `prompt` tokens and what follows it, the logits
///
///     n + guidance * (l - n)
///
/// l those of `model` and n those that it gives behind the negative prompt and the same that
/// follows (Sanchez et al. 2023, arXiv:2306.17806). Both are computed side by side. Logits within
/// the prompt cannot be asked for. decoding.negative_prompt outlives the decoders.
DecoderSource guided(const DecoderSource& model, const DecodingOptions& decoding,
                     std::size_t prompt);

}  // namespace minillama
