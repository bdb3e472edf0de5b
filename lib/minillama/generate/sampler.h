#pragma once

// Not part of the public interface: how generate() chooses tokens.

#include <memory>
#include <random>
#include <span>
#include <vector>

#include "minillama/generate/generation_options.h"
#include "minillama/generate/sampling_steps.h"

namespace minillama {

/// Chooses the tokens of one sequence by the steps of generate/sampling_steps.h. At temperature 0
/// it is the token with the largest logit behind the processors.
class Sampler {
 public:
  /// Throws OptionError if the options are not valid.
  explicit Sampler(const GenerationOptions& options);

  /// Another one that stands where this one does: it would choose the same tokens.
  Sampler(const Sampler& other);
  Sampler(Sampler&&) noexcept = default;

  /// The next token, one of the first options.vocabulary ones. Overwrites `logits`. Throws
  /// InputError if one is NaN or infinite upwards: then the model's weights are broken; OptionError
  /// if the options rule out every token.
  std::int64_t next(std::span<float> logits, const History& history = {});

  // The parts of next(), for who chooses otherwise.

  /// Applies the processors. Returns the first options.vocabulary logits. Throws like next().
  std::span<float> process(std::span<float> logits, const History& history);

  /// The token was chosen.
  void accept(std::int64_t token);

  /// Whether the text ends here without a token that says so: see LogitsProcessor::is_at_end().
  bool is_at_end() const;

 private:
  std::int64_t draw(std::span<float> logits);

  double temperature_;
  std::size_t vocabulary_;  // 0: all
  std::vector<std::unique_ptr<LogitsProcessor>> processors_;
  std::vector<std::unique_ptr<DistributionFilter>> filters_;
  std::mt19937_64 random_;
};

}  // namespace minillama
