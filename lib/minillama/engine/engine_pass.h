#pragma once

// Not part of the public interface: how an Engine computes.

#include <cstddef>
#include <span>
#include <utility>

#include "minillama/engine/engine_buffers.h"
#include "minillama/engine/engine_model.h"
#include "minillama/kernels/dispatch.h"
#include "minillama/kernels/matmul.h"

namespace minillama {

/// What one thread of an OpenMP team does in a pass of tokens through the model. All threads of the
/// team call run() with the same tokens. The work is split by rows of matrices, by tokens and by
/// heads; where a thread needs what the others made, all meet at a barrier. Norms are so little
/// work that each thread takes them for itself.
class EnginePass {
 public:
  EnginePass(const EngineModel& model, EngineBuffers& buffers, std::size_t thread,
             std::size_t threads);

  /// @param logits_row where the logits of the first token that is last go
  void run(std::span<const EngineToken> tokens, std::size_t logits_row);

 private:
  void embed(std::span<const EngineToken> tokens);
  void attention(std::span<const EngineToken> tokens, std::size_t layer);
  /// Those of the input, into the cache.
  void keys_and_values(std::span<const EngineToken> tokens, std::size_t layer);
  void store_keys_and_values(const EngineToken& token, std::size_t t, std::size_t layer);
  /// What `layer`, the topmost, does for tokens that are not last: all that is needed of them are
  /// keys and values. Leaves the others, which it returns, in the buffers' first rows, for
  /// attention() to go on with.
  std::span<const EngineToken> keep_last(std::span<const EngineToken> tokens, std::size_t layer);
  void attend(const EngineBlock& block, std::span<const EngineToken> tokens, std::size_t layer,
              std::size_t kv_head);
  void feed_forward(std::size_t n_tokens, std::size_t layer);
  void head(std::span<const EngineToken> tokens, std::size_t logits_row);

  /// Makes rows of floats, normalised or as they are, the input of the products that follow.
  void set_input(const EngineNorm& norm, const float* x, std::size_t count);
  void set_input(const float* x, std::size_t size, std::size_t count);
  /// This thread's part of input W^T, into rows of `out`.
  void multiply(const EngineMatrix& w, float* out, kernels::Output output);
  /// This thread's rows of a matrix: [first, second).
  std::pair<std::size_t, std::size_t> share_of(std::size_t rows) const;

  const EngineModel& model_;
  EngineBuffers& buffers_;
  ThreadBuffers& own_;
  std::size_t thread_, threads_;
  kernels::Isa isa_ = kernels::best_isa();
  kernels::InputRows input_{};
};

}  // namespace minillama
