#pragma once

#include <memory>
#include <string>
#include <vector>

#include "minillama/train/cross_entropy.h"
#include "minillama/train/free_lb.h"
#include "minillama/train/smart.h"

namespace minillama {

/// An objective by its name, with what the objectives may be told. Each takes what it knows.
struct ObjectiveOptions {
  std::string name = "cross-entropy";
  CrossEntropyOptions cross_entropy = {};  ///< of all that have one within them
  double r_drop_alpha = 1;                 ///< train/r_drop.h
  SmartOptions smart = {};                 ///< its cross_entropy and seed are those here
  FreeLbOptions free_lb = {};              ///< the same
  std::uint64_t seed = 0;                  ///< of what objectives draw
};

/// The names of all objectives, the default first.
std::vector<std::string> objective_names();

/// Throws OptionError if there is none of that name, or an option cannot be used.
std::shared_ptr<Objective> make_objective(const ObjectiveOptions& options);

}  // namespace minillama
