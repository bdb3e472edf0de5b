#pragma once

#include "minillama/model/language_model.h"
#include "minillama/weights/weights.h"

namespace minillama {

/// Whether an engine computes what `model` does: causal, float32 on the CPU, without frozen weights
/// and without an active adapter that is not merged. Throws OptionError if it is empty.
bool suits_engine(LanguageModel& model);

/// The weights of `model`, which must suit, for an engine. They share the memory that the
/// parameters have now, and keep it: Module::to() and set_data() give the module other memory and
/// leave this alone, while what an optimizer changes in place is seen here, too. Throws OptionError
/// if it does not suit.
Weights weights_of(LanguageModel& model);

}  // namespace minillama
