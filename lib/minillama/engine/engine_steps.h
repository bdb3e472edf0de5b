#pragma once

// Not part of the public interface: how threads share out a pass of an Engine.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "minillama/core/waitable.h"
#include "minillama/engine/engine.h"
#include "minillama/engine/engine_buffers.h"
#include "minillama/weights/weights.h"

namespace minillama {

/// What is computed before anything goes on with what it made.
struct EngineStep {
  enum class Kind {
    embed,
    keys_and_values,  ///< of the topmost layer, for tokens of which nothing else is wanted
    store,            ///< those, into the cache
    keep_wanted,      ///< the tokens whose logits are wanted go on alone
    project,          ///< queries, keys and values
    rotate,           ///< queries and keys, and stores keys and values
    attend,
    attention_output,
    gate,
    feed_forward_output,
    norm,  ///< where states are wanted
    head   ///< where logits are
  };
  Kind kind = Kind::embed;
  std::size_t layer = 0;
};

/// The steps of a pass, each in the same number of parts. Threads take the parts: every thread its
/// own first, so that it reads the same weights in each pass, and then what another one has not
/// begun. So a thread that was not given a processor holds up nobody, unless it has begun a part.
/// What a part computes does not depend on who computes it.
class EngineSteps {
 public:
  EngineSteps(const Weights& model, const EngineBuffers& buffers,
              std::span<const EngineToken> tokens, std::size_t parts, EngineOutputs outputs);

  std::size_t size() const { return steps_.size(); }
  const EngineStep& operator[](std::size_t step) const { return steps_[step]; }

  /// From this step on, only the tokens that are wanted go on.
  std::size_t first_of_wanted() const { return first_of_wanted_; }

  /// How many steps are complete: the number of the one that can be worked on.
  std::size_t complete() const { return complete_.load(); }

  /// Whether the caller is to compute that part of the step, which no one has done.
  bool take(std::size_t step, std::size_t part);

  /// A part that was taken is computed.
  void finish(std::size_t step);

  /// Waits until the step is complete.
  void wait(std::size_t step) { complete_.wait_while(static_cast<std::uint32_t>(step)); }

 private:
  /// How many steps have had one of their parts taken; alone on its cache line.
  struct alignas(64) Taken {
    std::atomic<std::size_t> steps = 0;
  };

  std::vector<EngineStep> steps_;
  std::size_t first_of_wanted_ = 0;
  std::vector<Taken> taken_;                       // of each part
  alignas(64) std::atomic<std::size_t> done_ = 0;  // parts, of all steps
  alignas(64) Waitable complete_;
};

}  // namespace minillama
