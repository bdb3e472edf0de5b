#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "minillama/weights/weights.h"

namespace minillama {

struct EngineBuffers;
struct EngineToken;

/// What is computed behind the layers.
struct EngineOutputs {
  bool logits = false;
  bool states = false;
};

/// Token ids, at least one, for the end of a sequence.
struct Continuation {
  std::size_t sequence = 0;
  std::span<const std::int64_t> ids = {};
  std::size_t n_logits = 1;  ///< how many of the last ids give logits
  std::size_t n_states = 0;  ///< how many of the last ids give their hidden states
};

/// Runs a language model over sequences that grow at their ends: what LanguageModel with a
/// KVCache computes, up to rounding, on plain memory that is there from the start. All tokens of a
/// call, of whichever sequences, go through the layers side by side, so that the weights are read
/// once for all of them. Under full attention a sequence is appended whole. Of one thread at a
/// time; any number of engines may share the weights.
class Engine {
 public:
  /// @param sequences how many there are
  /// @param capacity  the longest that any of them may get
  /// Throws OptionError if there is no model, either is 0, or both together exceed any memory.
  Engine(std::shared_ptr<const Weights> model, std::size_t sequences, std::size_t capacity);
  ~Engine();

  /// Appends to some of the sequences, given in increasing order. Throws OptionError, before
  /// anything is changed, if they are in no such order, one is not there or has no room, nothing is
  /// appended to one, more logits or states are wanted of it than ids, or an id is not in the
  /// vocabulary.
  void append(std::span<const Continuation> continuations);

  /// The logits [n_logits, V] after the last ids of the i-th continuation of the latest append().
  /// They are the caller's to overwrite and valid until the next call. Throws OptionError if there
  /// was no such continuation.
  std::span<float> logits(std::size_t i);

  /// The hidden states [n_states, D], behind the final norm, of the last ids of the i-th
  /// continuation of the latest append(). Throws like logits().
  std::span<const float> states(std::size_t i) const;

  /// Makes sequence `to` a copy of sequence `from`: its keys, values and length. They share nothing
  /// afterwards. Throws OptionError if one is not there.
  void copy(std::size_t from, std::size_t to);

  /// Keeps the first `length` tokens of a sequence and forgets the others. Throws OptionError if
  /// the sequence is not there or has fewer.
  void truncate(std::size_t sequence, std::size_t length);

  /// Makes a sequence empty. Throws OptionError if it is not there.
  void restart(std::size_t sequence) { truncate(sequence, 0); }

 private:
  /// The rows of logits and states that the i-th continuation of the latest append() has.
  struct Rows {
    std::size_t end, n_logits, n_states;  // the last ones before `end`
  };
  const Rows& rows(std::size_t i) const;

  /// Runs a part of what is appended; what is wanted of it comes after `done` rows of earlier ones.
  void run(std::span<const EngineToken> tokens, std::size_t done);

  std::shared_ptr<const Weights> model_;
  std::unique_ptr<EngineBuffers> buffers_;
  std::vector<std::size_t> lengths_;  // of the sequences
  std::vector<EngineToken> tokens_;   // of the latest append()
  EngineOutputs outputs_;             // of the latest append()
  std::vector<Rows> rows_;            // of its continuations
};

}  // namespace minillama
