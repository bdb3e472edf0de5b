#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "minillama/generate/logits_processor.h"

namespace minillama {

class Sampler;

/// Guesses how a sequence goes on. The model reads the guesses behind the sequence, all in one
/// pass, and chooses each token as ever; it needs no other pass for one that was guessed right. So
/// nothing but the number of passes depends on the guesses (speculative decoding: Leviathan, Kalman
/// & Matias 2022, arXiv:2211.17192; choosing the same tokens by the same random numbers: Daliri,
/// Musco & Suresh 2024, arXiv:2408.07978). Of one sequence.
class Drafter {
 public:
  virtual ~Drafter() = default;

  /// At most `most` tokens that may come next; none if it knows of none.
  ///
  /// @param sampler chooses the tokens of the sequence; a copy of it can tell how
  virtual std::vector<std::int64_t> guess(const History& history, const Sampler& sampler,
                                          std::size_t most) = 0;
};

}  // namespace minillama
