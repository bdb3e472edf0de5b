#pragma once

// Not part of the public interface: what a config.json says about classifiers and adapters.

#include <map>
#include <string>

#include "minillama/core/json.h"
#include "minillama/weights/classifier_config.h"
#include "minillama/weights/lora_options.h"

namespace minillama {

/// {"labels": ["bad", "good"], "pooling": "mean", "template": "{sentence}", "dropout": 0.3}
Json to_json(const ClassifierConfig& config);
/// Throws FileError naming `path` on anything else.
ClassifierConfig read_classifier_config(const Json& json, const std::filesystem::path& path);

/// {"rank": 8, "alpha": 16.0, "dropout": 0.0, "targets": ["compute_query", …]}
Json to_json(const LoraOptions& options);
/// Throws FileError naming `path` on anything else.
LoraOptions read_lora_options(const Json& json, const std::filesystem::path& path);

}  // namespace minillama
