#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "common/time_budget.h"

namespace minillama::app {

/// With what a classifier is trained, of what a search changes.
struct TrainingSetting {
  double lr = 0;
  std::int64_t epochs = 0;

  bool operator==(const TrainingSetting&) const = default;
};

/// What came of it on dev.
struct SettingScore {
  double accuracy = 0;
  double loss = 0;

  /// More accurate or, if as accurate, with a lower loss.
  bool is_better_than(const SettingScore& other) const;
};

/// Trains with a setting; nothing if that came to no score.
using TrySetting = std::function<std::optional<SettingScore>(const TrainingSetting&)>;

/// What stays as it is.
struct FixedSettings {
  bool lr = false;
  bool epochs = false;
};

/// Tries `first`, then, unless they are `fixed`, half and twice, a quarter and four times its
/// learning rate, and with the best one twice and half as many epochs. Begins only what will end
/// before the deadline, judged by what was tried; the first in any case.
void search_settings(const TrainingSetting& first, const FixedSettings& fixed,
                     const Deadline& deadline, const TrySetting& attempt);

}  // namespace minillama::app
