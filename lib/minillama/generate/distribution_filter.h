#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>

namespace minillama {

/// Drops tokens from the distribution of the next one: sets their probabilities to 0 and scales the
/// others so that they add up to 1 again. At least one token stays. Of one sequence: it may keep
/// what it knows of it. A kind is a file and a row in generate/sampling_steps.cpp.
class DistributionFilter {
 public:
  virtual ~DistributionFilter() = default;

  /// @param probabilities [V], in place
  /// @param random        the sequence's, of which most filters draw nothing
  virtual void apply(std::span<float> probabilities, std::mt19937_64& random) = 0;

  /// The token was chosen.
  virtual void accept(std::int64_t token) { static_cast<void>(token); }

  /// Another one that stands where this one does.
  virtual std::unique_ptr<DistributionFilter> clone() const = 0;

  /// Its settings, for people to read.
  virtual std::string settings() const = 0;
};

}  // namespace minillama
