#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "minillama/checkpoint/checkpoint.h"

#include "common/arguments.h"

namespace minillama::app {

/// The options about the model and the machine that all apps share.
struct ModelArguments {
  std::filesystem::path model;  ///< a shipped one unless --model was given
  OpenOptions open;
  std::string device;       ///< "cpu", "cuda" or "cuda:N", as it was given
  bool compatible = false;  ///< --compat cmu2025
  bool quiet = false;
};

/// Declares them.
void add_model_arguments(Arguments& arguments);

/// Sets the number of threads, and says so where it is not what was given.
void set_threads_of(const Arguments& arguments);

/// Reads the others. `default_model` is the shipped checkpoint's name, "" if there is no need of
/// one.
ModelArguments read_model_arguments(const Arguments& arguments, const std::string& default_model);

/// "f32", "f16", …: those of weight_formats().
std::vector<std::string> weight_format_names();

/// The format of weights that the option names; throws OptionError with all names if it is none.
const WeightFormat& read_weight_format(const Arguments& arguments, const std::string& option);

}  // namespace minillama::app
