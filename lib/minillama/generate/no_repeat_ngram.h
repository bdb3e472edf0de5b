#pragma once

// Not part of the public interface.

#include <memory>

#include "minillama/generate/generation_options.h"
#include "minillama/generate/logits_processor.h"

namespace minillama {

/// Rules out what would make n tokens, prompt included, stand in a row a second time (Paulus, Xiong
/// & Socher 2017, arXiv:1705.04304, section 2.5), n being options.no_repeat_ngram. Null if it is 0.
std::unique_ptr<LogitsProcessor> make_no_repeat_ngram(const GenerationOptions& options);

}  // namespace minillama
