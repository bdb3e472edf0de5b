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

constexpr Row kObjectives[] = {
    {"cross-entropy", [](const Options& options) { return cross_entropy(options.cross_entropy); }},
    {"ordinal", [](const Options&) { return ordinal(); }},
    {"r-drop",
     [](const Options& options) { return r_drop(options.r_drop_alpha, options.cross_entropy); }},
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
