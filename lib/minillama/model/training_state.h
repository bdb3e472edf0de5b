#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "minillama/core/named_tensors.h"

namespace minillama {

/// What a training run needs, beside its settings and data, to go on as if it had never stopped.
///
/// It is one safetensors file, with the texts among its metadata, so that it is there whole or not
/// at all.
struct TrainingState {
  NamedTensors tensors = {};                      ///< weights, moments, generators, …
  std::map<std::string, std::string> texts = {};  ///< settings, counters, figures so far, …

  /// Adds `named` under "<group>.<name>".
  void add(const std::string& group, const NamedTensors& named);
  /// What is there under `group`, without the group's name.
  NamedTensors group(const std::string& group) const;
  /// The text of that name, "" if there is none.
  std::string text(const std::string& name) const;
};

/// Throws OptionError, before anything is written, if a tensor is undefined, of a type that is not
/// stored or there twice; IoError.
void write_training_state(const std::filesystem::path& path, const TrainingState& state);

/// Throws FileError if the file is damaged or no training state.
TrainingState read_training_state(const std::filesystem::path& path);

/// Copies `saved`, which came from `path`, into the tensors `into` of the same names, shapes and
/// dtypes. Throws FileError, before anything is changed, if they are not the same.
void restore(const NamedTensors& into, const NamedTensors& saved,
             const std::filesystem::path& path);

}  // namespace minillama
