#include "minillama/train/run_state.h"

#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/train/not_finite.h"
#include "minillama/train/run_settings.h"

namespace minillama {
namespace {

/// The group "generator": the state that it has now, and the others.
NamedTensors with_now(const torch::Tensor& now, const NamedTensors& generator_states) {
  NamedTensors all{{"now", now}};
  all.insert(all.end(), generator_states.begin(), generator_states.end());
  return all;
}

}  // namespace

void RunTensors::add_to(TrainingState& state) const {
  state.add("model", model);
  state.add("optimizer", optimizer.export_state());
  state.add("generator", with_now(generator.get_state(), generator_states));
}

void RunTensors::restore_from(const TrainingState& state, const std::filesystem::path& path) {
  const auto now = generator.get_state();
  restore(with_now(now, generator_states), state.group("generator"), path);
  optimizer.import_state(state.group("optimizer"));
  restore(model, state.group("model"), path);
  generator.set_state(now);
}

std::optional<TrainingState> RunState::open(const std::filesystem::path& path,
                                            const std::string& settings, bool resume,
                                            std::string_view may_differ) {
  std::optional<TrainingState> earlier;
  if (std::filesystem::exists(path)) {
    if (!resume) {
      throw OptionError(fmt::format("{} is of an earlier run: resume it or remove the file",
                                    quote(path.native(), 400)));
    }
    earlier = read_training_state(path);
    require_same_settings(settings, earlier->text("settings"), path, may_differ);
  }
  path_ = path;
  settings_ = settings;
  return earlier;
}

void RunState::save(TrainingState state) {
  if (!is_kept()) return;
  require_finite(state.group("model"));
  clock_.begin();
  state.texts["settings"] = settings_;
  write_training_state(path_, state);
  clock_.end();
}

}  // namespace minillama
