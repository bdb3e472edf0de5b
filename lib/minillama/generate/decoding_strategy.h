#pragma once

// Not part of the public interface: what strategies are made of.

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "minillama/generate/decoding_options.h"
#include "minillama/generate/generate.h"

namespace minillama {

/// What decode() was called with.
struct DecodingTask {
  const DecoderSource& model;
  const Prompts& prompts;
  const GenerationOptions& options;
  const DecodingOptions& decoding;
  std::span<const std::int64_t> stop_ids;
  const std::function<bool(std::int64_t)>& on_token;
};

/// A way to continue texts: a file pair and a row of the table in decode.cpp.
struct DecodingStrategy {
  std::string_view name;
  bool (*is_asked)(const DecodingOptions& decoding);
  /// Throws OptionError if it cannot take these options, or does not go with this model.
  void (*check)(const DecodingOptions& decoding, const GenerationOptions& options,
                const ModelConfig& config);
  /// The continuations of each prompt.
  std::vector<std::vector<Generation>> (*run)(const DecodingTask& task);
};

}  // namespace minillama
