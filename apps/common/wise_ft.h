#pragma once

#include <span>

#include "minillama/model/module_text_classifier.h"
#include "minillama/text/labelled_sentences.h"
#include "minillama/train/weight_interpolation.h"

namespace minillama::app {

/// --wise-ft: gives the model the weights at alpha = 0, 1 / n_steps, …, 1, prints what each is
/// worth on dev, and leaves it with the most accurate ones, of equals those of the largest alpha.
void choose_interpolation(ModuleTextClassifier& classifier, WeightInterpolation& weights,
                          std::span<const LabelledSentence> dev, std::int64_t n_steps, bool json);

}  // namespace minillama::app
