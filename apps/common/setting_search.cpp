#include "common/setting_search.h"

#include <algorithm>

namespace minillama::app {

bool SettingScore::is_better_than(const SettingScore& other) const {
  return accuracy > other.accuracy || (accuracy == other.accuracy && loss < other.loss);
}

void search_settings(const TrainingSetting& first, const FixedSettings& fixed,
                     const Deadline& deadline, const TrySetting& attempt) {
  auto best = first;
  std::optional<SettingScore> best_score;
  std::optional<double> seconds_per_epoch;  // nothing before the first was tried
  const auto try_setting = [&](const TrainingSetting& setting) {
    const auto epochs = static_cast<double>(setting.epochs);
    const double before = deadline.seconds_left();
    if (seconds_per_epoch && epochs * *seconds_per_epoch > before) return;
    const auto score = attempt(setting);
    const double seconds = before - deadline.seconds_left();
    seconds_per_epoch = std::max(seconds_per_epoch.value_or(0), seconds / epochs);
    if (!score || (best_score && !score->is_better_than(*best_score))) return;
    best = setting;
    best_score = score;
  };
  try_setting(first);
  if (!fixed.lr) {
    for (const double factor : {0.5, 2.0, 0.25, 4.0}) {
      try_setting({first.lr * factor, first.epochs});
    }
  }
  if (fixed.epochs) return;
  const double lr = best.lr;
  try_setting({lr, first.epochs * 2});
  if (first.epochs > 1) try_setting({lr, first.epochs / 2});
}

}  // namespace minillama::app
