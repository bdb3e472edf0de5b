#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "minillama/generate/generation_options.h"

namespace minillama {

/// The tokens of a sequence so far, those of the prompt first.
struct History {
  std::span<const std::int64_t> tokens;
  std::size_t prompt = 0;  ///< how many are the prompt's
};

/// Changes the logits of the next token by what came before, ahead of temperature and filters. Of
/// one sequence: it may keep what it knows of it.
class LogitsProcessor {
 public:
  virtual ~LogitsProcessor() = default;

  /// @param logits [V], in place
  virtual void apply(std::span<float> logits, const History& history) = 0;

  /// The token was chosen.
  virtual void accept(std::int64_t token) { static_cast<void>(token); }

  /// Another one that stands where this one does.
  virtual std::unique_ptr<LogitsProcessor> clone() const = 0;
};

/// Those that the options ask for, in the order in which they apply: the rows of one table.
std::vector<std::unique_ptr<LogitsProcessor>> make_processors(const GenerationOptions& options);

}  // namespace minillama
