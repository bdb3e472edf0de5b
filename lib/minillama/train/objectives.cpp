#include "minillama/train/objectives.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"
#include "minillama/train/ordinal.h"
#include "minillama/train/r_drop.h"

namespace minillama {
namespace {

using Options = ObjectiveOptions;

struct Row {
  std::string_view name;
  std::shared_ptr<Objective> (*make)(const Options& options);
};

/// The options of one objective with what all have in common.
template <typename Own>
Own with_common(Own own, const Options& options) {
  own.cross_entropy = options.cross_entropy;
  own.seed = options.seed;
  return own;
}

constexpr Row kObjectives[] = {
    {"cross-entropy", [](const Options& options) { return cross_entropy(options.cross_entropy); }},
    {"ordinal", [](const Options&) { return ordinal(); }},
    {"r-drop",
     [](const Options& options) { return r_drop(options.r_drop_alpha, options.cross_entropy); }},
    {"smart", [](const Options& options) { return smart(with_common(options.smart, options)); }},
    {"free-lb",
     [](const Options& options) { return free_lb(with_common(options.free_lb, options)); }},
};

}  // namespace

std::vector<std::string> objective_names() {
  std::vector<std::string> names;
  for (const auto& row : kObjectives) names.emplace_back(row.name);
  return names;
}

std::shared_ptr<Objective> make_objective(const ObjectiveOptions& options) {
  const auto* const found = std::ranges::find(kObjectives, options.name, &Row::name);
  if (found != std::end(kObjectives)) return found->make(options);
  throw OptionError(fmt::format("there is no objective {}: it must be {}", quote(options.name),
                                fmt::join(objective_names(), " or ")));
}

}  // namespace minillama
