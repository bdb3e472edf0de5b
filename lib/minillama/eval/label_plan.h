#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "minillama/text/token_ids.h"

namespace minillama {

/// What has to be run after a prompt to score several labels, each a short sequence of tokens.
///
/// The log-likelihood of label l_1 … l_m after prompt P is the sum of log p(l_j | P l_1 … l_{j-1}),
/// so its first token needs P alone and the j-th needs P followed by l_1 … l_{j-1}. `continuations`
/// are the fewest token sequences to append to P so that every such prefix is the start of one.
struct LabelPlan {
  /// Token `token` is scored at the position `offset` places after the end of P, in the sequence
  /// P + continuations[continuation].
  struct Term {
    std::size_t continuation;
    std::int64_t offset;
    std::int64_t token;
  };

  std::vector<TokenIds> continuations;    ///< one empty one, if every label is a single token
  std::vector<std::vector<Term>> labels;  ///< the terms of each label

  /// @param labels token ids of each label
  /// Throws OptionError if there are none or one is empty.
  explicit LabelPlan(std::span<const TokenIds> labels);

  /// Length of the longest continuation.
  std::int64_t longest() const;
};

}  // namespace minillama
