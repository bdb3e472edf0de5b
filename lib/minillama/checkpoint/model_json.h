#pragma once

// Not part of the public interface: what a config.json says about classifiers and adapters.

#include <map>
#include <string>

#include "minillama/core/json.h"
#include "minillama/weights/adapter_options.h"
#include "minillama/weights/classifier_config.h"

namespace minillama {

/// {"labels": ["bad", "good"], "pooling": "mean", "template": "{sentence}", "dropout": 0.3}, and
/// "pad_id" if there is one
Json to_json(const ClassifierConfig& config);
/// Throws FileError naming `path` on anything else.
ClassifierConfig read_classifier_config(const Json& json, const std::filesystem::path& path);

/// {"kind": "…", …}, with the fields of the kind (weights/adapter_kinds.h). LoRA's are without the
/// kind, as in files from before there were others:
///
///     {"rank": 8, "alpha": 16.0, "dropout": 0.0, "targets": ["compute_query", …]}
///
/// Throws OptionError if the kind is none of the table's.
Json to_json(const AdapterOptions& options);
/// Throws FileError naming `path` on anything else.
AdapterOptions read_adapter_options(const Json& json, const std::filesystem::path& path);

}  // namespace minillama
