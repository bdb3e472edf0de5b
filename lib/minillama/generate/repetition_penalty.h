#pragma once

// Not part of the public interface.

#include <memory>

#include "minillama/generate/generation_options.h"
#include "minillama/generate/logits_processor.h"

namespace minillama {

/// Makes every token that the sequence has already, the prompt's included, less probable (Keskar et
/// al. 2019, arXiv:1909.05858, section 4.1, as transformers has it for logits of either sign):
///
///     logit / penalty if it is positive, logit * penalty if it is negative
///
/// Null if options.repetition_penalty is 1.
std::unique_ptr<LogitsProcessor> make_repetition_penalty(const GenerationOptions& options);

}  // namespace minillama
