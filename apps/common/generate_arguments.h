#pragma once

#include <cstdint>

#include "minillama/generate/generation_options.h"

#include "common/arguments.h"

namespace minillama::app {

/// Tokens that the CMU assignment's generation task writes.
constexpr std::int64_t kAssignmentTokens = 75;
/// Tokens of an answer in a chat: room for any that a small model gives, before it repeats itself
/// for ever.
constexpr std::int64_t kAnswerTokens = 1024;
/// Tokens of a turn of the model's where it and a person write a text together.
constexpr std::int64_t kTurnTokens = 64;
/// Tokens that methods which are compared write for each text.
constexpr std::int64_t kComparedTokens = 128;
/// The options that name its files: of temperature 0, and of 1.
constexpr const char* kLowFile = "generated-sentence-low-temp-out";
constexpr const char* kHighFile = "generated-sentence-high-temp-out";

/// Declares the options of the app that continues texts.
Arguments declare_generate_arguments();

/// Throws OptionError if an option was given that has no effect beside the others.
void check_generate_arguments(const Arguments& arguments);

/// Whether the assignment's task was asked for.
bool is_assignment(const Arguments& arguments);

/// @param compatible --compat cmu2025
GenerationOptions read_generation_options(const Arguments& arguments, bool compatible);

}  // namespace minillama::app
