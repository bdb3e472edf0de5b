#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "minillama/engine/engine.h"
#include "minillama/generate/generation_options.h"
#include "minillama/weights/weights.h"

namespace minillama {

/// Gives, for sequences that grow at their ends, the logits of the tokens that follow. Each
/// sequence has a length of its own. Of one thread at a time. All throw OptionError if a sequence
/// is not there.
class Decoder {
 public:
  virtual ~Decoder() = default;

  /// Appends to some of the sequences, given in increasing order. Throws OptionError if one
  /// has no room, nothing is appended to one, or more logits or states are wanted of it than ids.
  virtual void append(std::span<const Continuation> continuations) = 0;

  /// The logits [n_logits, V] after the last ids of the i-th continuation of the latest append().
  /// They are the caller's to overwrite and valid until the next call.
  virtual std::span<float> logits(std::size_t i) = 0;

  /// The hidden states [n_states, D], behind the final norm, of the last ids of the i-th
  /// continuation of the latest append(), valid until the next call.
  virtual std::span<const float> states(std::size_t i) const = 0;

  /// Makes sequence `to` a copy of sequence `from`, which goes on by itself.
  virtual void copy(std::size_t from, std::size_t to) = 0;

  /// Keeps the first `length` tokens of a sequence. Throws OptionError if it has fewer.
  virtual void truncate(std::size_t sequence, std::size_t length) = 0;

  /// Makes a sequence empty.
  void restart(std::size_t sequence) { truncate(sequence, 0); }
};

/// How many sequences a decoder keeps, and how long the longest may get.
struct DecoderSize {
  std::size_t sequences = 1;
  std::int64_t capacity = 0;
};

/// A model that text is generated with, whatever computes it. Safe to share between threads: each
/// generation has a decoder of its own.
struct DecoderSource {
  ModelConfig config;
  std::function<std::unique_ptr<Decoder>(const GenerationOptions& options, const DecoderSize& size)>
      make;
  /// Whether decoders that are made with default options may compute at the same time, each on a
  /// thread of its own.
  bool is_concurrent = false;
};

/// An engine on `weights`: with a cache for causal models, or, where the options or full attention
/// rule one out, over the whole sequence again for every token. Throws OptionError if there are no
/// weights.
DecoderSource decoder_source(std::shared_ptr<const Weights> weights);

/// Whether keys and values of earlier tokens stay right under these options: a cropped context
/// shifts every position, and under full attention a new token changes all states before it.
bool wants_cache(const GenerationOptions& options, const ModelConfig& config);

}  // namespace minillama
