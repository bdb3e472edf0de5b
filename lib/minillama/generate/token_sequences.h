#pragma once

// Not part of the public interface: what decoders without a cache keep.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "minillama/core/model_config.h"
#include "minillama/engine/engine.h"
#include "minillama/generate/generation_options.h"

namespace minillama {

/// How many of the latest tokens a model without a cache sees of a sequence.
std::int64_t seen_tokens(const GenerationOptions& options, const ModelConfig& config);

/// The tokens of sequences that grow at their ends, of which a model sees the last `window`. All
/// throw OptionError if a sequence is not there.
class TokenSequences {
 public:
  TokenSequences(std::size_t sequences, std::int64_t window);

  /// Appends to a sequence and returns the tokens that the model sees now, valid until the sequence
  /// changes.
  std::span<const std::int64_t> append(const Continuation& continuation);

  /// Makes sequence `to` a copy of sequence `from`.
  void copy(std::size_t from, std::size_t to);

  /// Keeps the first `length` tokens of a sequence. Throws OptionError if it has fewer.
  void truncate(std::size_t sequence, std::size_t length);

 private:
  std::vector<std::int64_t>& at(std::size_t sequence);

  std::size_t window_;
  std::vector<std::vector<std::int64_t>> sequences_;
};

}  // namespace minillama
