// In which order settings are tried, and what time leaves out.

#include "common/setting_search.h"

#include <thread>
#include <vector>

#include "support/catch.h"

using namespace minillama::app;

namespace {

constexpr double kLong = 1000;

/// What is tried; `score` is what comes of it.
template <typename Score>
std::vector<TrainingSetting> tried(const FixedSettings& fixed, double seconds, Score&& score) {
  std::vector<TrainingSetting> all;
  search_settings({.lr = 1, .epochs = 4}, fixed, Deadline(seconds), [&](const auto& setting) {
    all.push_back(setting);
    return std::optional<SettingScore>(score(setting));
  });
  return all;
}

}  // namespace

TEST_CASE("setting search: rates first, then epochs with the best of them") {
  const auto nearer_2 = [](const TrainingSetting& setting) {
    return SettingScore{.accuracy = setting.lr == 2 ? 1.0 : 0.5};
  };
  CHECK(tried({}, kLong, nearer_2) ==
        std::vector<TrainingSetting>{{1, 4}, {0.5, 4}, {2, 4}, {0.25, 4}, {4, 4}, {2, 8}, {2, 2}});
  CHECK(tried({.lr = true}, kLong, nearer_2) ==
        std::vector<TrainingSetting>{{1, 4}, {1, 8}, {1, 2}});
  CHECK(tried({.lr = true, .epochs = true}, kLong, nearer_2) ==
        std::vector<TrainingSetting>{{1, 4}});
  // As accurate: the lower loss.
  CHECK(tried({}, kLong, [](const auto& setting) {
          return SettingScore{.accuracy = 0.5, .loss = setting.lr};
        }).back() == TrainingSetting{0.25, 2});
}

TEST_CASE("setting search: what would not end in time is not begun, but the first is") {
  const auto slow = [](const TrainingSetting& setting) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10 * setting.epochs));
    return SettingScore{};
  };
  CHECK(tried({}, 0, slow) == std::vector<TrainingSetting>{{1, 4}});
  // Half as many epochs fit, where four do not.
  CHECK(tried({.lr = true}, 0.075, slow) == std::vector<TrainingSetting>{{1, 4}, {1, 2}});
}
