#pragma once

#include <filesystem>

#include "common/fine_tuning_setting.h"

namespace minillama::app {

/// Trains `classifier`, leaves it with the best epoch's weights, and returns what there is to tell
/// of the run so far, if it is kept in `directory`. Throws Interrupted after a signal that ends
/// programs, when the state is saved.
RunReport train(ModuleTextClassifier& classifier, const FineTuningSetting& setting,
                const torch::Generator& generator, const std::filesystem::path& directory);

}  // namespace minillama::app
