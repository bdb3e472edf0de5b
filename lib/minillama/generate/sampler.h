#pragma once

// Not part of the public interface: how generate() chooses tokens.

#include <memory>
#include <random>
#include <span>
#include <vector>

#include "minillama/generate/generation_options.h"
#include "minillama/generate/logits_processor.h"

namespace minillama {

/// Chooses the tokens of one sequence: what changes logits (generate/logits_processor.h),
/// temperature and softmax, then top-k, top-p, min-p and epsilon in this order, each on what the
/// one before left over (generate/filters.h), then a draw.
class Sampler {
 public:
  /// Throws OptionError if the options are not valid.
  explicit Sampler(const GenerationOptions& options);

  /// The next token. Overwrites `logits`. Throws InputError if one is NaN or infinite upwards: then
  /// the model's weights are broken.
  std::int64_t next(std::span<float> logits, const History& history = {});

 private:
  std::int64_t choose(std::span<float> logits, const History& history);

  GenerationOptions options_;
  std::vector<std::unique_ptr<LogitsProcessor>> processors_;
  std::mt19937_64 random_;
};

}  // namespace minillama
