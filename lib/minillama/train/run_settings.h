#pragma once

// Not part of the public interface: what tells one training run from another.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "minillama/core/json.h"
#include "minillama/core/named_tensors.h"
#include "minillama/model/classifier.h"
#include "minillama/train/examples.h"
#include "minillama/train/fine_tuning_options.h"
#include "minillama/train/pretraining_options.h"

namespace minillama {

/// Everything in the options that the result of a run depends on, by the names that messages use.
/// Each struct is taken apart into all of its fields, so that one that is added does not compile
/// before it is decided here whether a resumed run may change it.
Json settings_of(const FineTuningOptions& options);

/// As above, but for the number of steps, the learning rate and its schedule: a run of pretraining
/// may be prolonged and cooled down when it suits.
Json settings_of(const PretrainingOptions& options);

/// The shape of a model.
Json settings_of(const ModelConfig& config);

/// The configuration of a classifier, of its Llama, and of the adapter that is active on it.
Json settings_of(Classifier model);

/// Numbers that differ for other values and for other examples: to tell what a run began with.
std::uint32_t checksum(const NamedTensors& tensors);
std::uint32_t checksum(const Examples& examples);

/// Compares the settings `now` with those that the run at `path` was `started` with, both JSON
/// objects. Throws OptionError naming the first that differs, FileError if one of them has a
/// setting that the other has not. The one called `may_differ` may.
void require_same_settings(const std::string& now, const std::string& started,
                           const std::filesystem::path& path, std::string_view may_differ = {});

}  // namespace minillama
