#pragma once

// Not part of the public interface: how an Engine computes.

#include <cstddef>
#include <initializer_list>
#include <span>
#include <utility>

#include "minillama/engine/engine_buffers.h"
#include "minillama/engine/engine_steps.h"
#include "minillama/kernels/dispatch.h"
#include "minillama/kernels/matmul.h"
#include "minillama/kernels/norm.h"
#include "minillama/weights/weights.h"

namespace minillama {

/// What one thread does in a pass of tokens through the model. All threads that take part call
/// run() with the same steps and tokens. Steps are split by rows of matrices, by tokens and by
/// heads. Norms are so little work that each thread takes them for itself.
class EnginePass {
 public:
  /// @param parts of each step
  EnginePass(const Weights& model, EngineBuffers& buffers, std::size_t thread, std::size_t parts);

  /// @param row of the logits or states where those of the first token go that is wanted
  void run(EngineSteps& steps, std::span<const EngineToken> tokens, std::size_t row);

 private:
  /// Computes the parts of a step that this thread is the one to take.
  void take_part(EngineSteps& steps, std::size_t step);
  /// Makes what the parts of a step have in common, the input of its products.
  void prepare(const EngineStep& step);
  /// Computes part number `part_` of a step.
  void compute(const EngineStep& step);

  void embed();
  void keys_and_values(const LayerWeights& weights);
  /// Normalises the keys and turns them by their positions, where the model does that; keys and
  /// values go into the cache.
  void store(std::size_t layer);
  void store(const EngineToken& token, std::size_t t, std::size_t layer);
  void rotate_queries(const LayerWeights& weights);
  /// Turns each of the heads side by side by the position of token t, where positions are rotary.
  void rotate(std::size_t heads, std::size_t t, float* x);
  /// Normalises each of the heads side by side, where the model does that.
  void normalize_heads(const NormWeights& norm, std::size_t heads, float* x);
  /// All that is needed of tokens of the topmost layer that are not wanted are keys and values.
  /// Leaves the others in the buffers' first rows.
  void keep_wanted();
  void attend(std::size_t layer);
  void attend(const EngineBlock& block, std::size_t layer, std::size_t kv_head);
  void gate(const LayerWeights& weights);
  /// The hidden states that are wanted.
  void normalize();

  kernels::NormShape norm_shape(std::size_t rows) const;

  /// Makes rows of floats, normalised or as they are, the input of the products with `matrices`
  /// that follow.
  void set_input(const NormWeights& norm, std::initializer_list<const Matrix*> matrices);
  void set_input(const float* x, std::size_t size, std::initializer_list<const Matrix*> matrices);
  /// This part of input W^T, into rows of `out`.
  void multiply(const Matrix& w, float* out, kernels::Output output);
  /// What an adapter adds to rows [begin, end) of a product.
  void add_low_rank(const Matrix& w, std::size_t begin, std::size_t end,
                    const kernels::OutputRows& out);
  /// This part's rows of a matrix: [first, second).
  std::pair<std::size_t, std::size_t> share_of(std::size_t rows) const;

  const Weights& model_;
  EngineBuffers& buffers_;
  ThreadBuffers& own_;
  std::size_t thread_, parts_;
  std::size_t part_ = 0;                      // that is computed
  std::span<const EngineToken> tokens_ = {};  // that are in the buffers' rows
  std::size_t row_ = 0;
  kernels::Isa isa_ = kernels::best_isa();
  ProductInput input_{};
};

}  // namespace minillama
