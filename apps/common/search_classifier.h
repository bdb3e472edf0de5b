#pragma once

#include <filesystem>

#include "common/fine_tuning_setting.h"

namespace minillama::app {

/// Trains with several settings within --time-budget, leaves `classifier` as the best of them, and
/// returns what there is to tell of that one's run, if it is kept in `directory`. Throws
/// Interrupted after a signal that ends programs.
RunReport search(ModuleTextClassifier& classifier, const FineTuningSetting& setting,
                 const std::filesystem::path& directory);

}  // namespace minillama::app
