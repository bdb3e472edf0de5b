#pragma once

// Not part of the public interface: how PEFT calls things.

#include <string_view>

namespace minillama {

inline constexpr const char* kPeftConfig = "adapter_config.json";
inline constexpr const char* kPeftWeights = "adapter_model.safetensors";
inline constexpr const char* kPeftPickle = "adapter_model.bin";

/// What stands before a tensor's name.
inline constexpr std::string_view kPeftPrefix = "base_model.model.";

/// The key among a file's metadata under which minillama's own description of a classifier stands.
inline constexpr const char* kPeftClassifier = "minillama.classifier";

/// The same of the adapter's base, if that is a file.
inline constexpr const char* kPeftBase = "minillama.base";
/// The key for which positions attend to which, where that is not as in the base.
inline constexpr const char* kPeftAttention = "minillama.attention";

}  // namespace minillama
