#pragma once

// Not part of the public interface: the memory of an Engine.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "minillama/weights/weights.h"

namespace minillama {

/// Memory that is not touched before it is used. It begins with a cache line: a vector that lies
/// across two is loaded at half the speed.
template <typename T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t size) : data_(new (kCacheLine) T[size]) {}
  T* at(std::size_t index) const { return data_.get() + index; }

 private:
  static constexpr std::align_val_t kCacheLine{64};
  struct Delete {
    void operator()(T* data) const { ::operator delete[](data, kCacheLine); }
  };
  std::unique_ptr<T[], Delete> data_;
};

/// One token of a pass.
struct EngineToken {
  std::int64_t id = 0;
  std::size_t sequence = 0;
  std::size_t position = 0;
  std::size_t visible = 0;  ///< positions that it attends to, from the first on
  bool is_wanted = false;   ///< its logits or hidden state
};

/// Tokens of a pass that follow each other in one sequence and attend together.
struct EngineBlock {
  std::size_t begin = 0;  ///< index of the first token
  std::size_t count = 0;
};

/// Tokens of a block at most: values that were loaded once serve so many.
inline constexpr std::size_t kBlockTokens = 8;

/// What belongs to one thread alone.
struct ThreadBuffers {
  Buffer<float> means;             ///< [max(T, H)], of the norms
  Buffer<float> inverses;          ///< [max(T, H)]
  Buffer<float> input;             ///< [T, D], normalised
  Buffer<std::int8_t> values;      ///< [T, max(D, H * Dh, hidden)], the input in eight bits
  Buffer<float> scales;            ///< one for each 32 of them
  Buffer<std::int16_t> half_sums;  ///< one for each 16 of them
  Buffer<float> low_rank;          ///< [T, rank], of an adapter
  Buffer<float> scores;            ///< [max(H / Hkv, kBlockTokens), score_room(capacity)]
};

/// Sizes of a model and what a pass over at most T tokens needs. The kernels count in size_t.
struct EngineBuffers {
  EngineBuffers(const Weights& model, std::size_t sequences, std::size_t longest,
                std::size_t n_threads);

  /// Keys or values of one head, [capacity, Dh].
  float* keys(std::size_t sequence, std::size_t layer, std::size_t kv_head) const {
    return cache.at(((sequence * n_layers + layer) * n_kv_heads + kv_head) * 2 * capacity *
                    head_dim);
  }
  float* values(std::size_t sequence, std::size_t layer, std::size_t kv_head) const {
    return keys(sequence, layer, kv_head) + capacity * head_dim;
  }

  /// Copies the first `length` keys and values of a sequence to another one.
  void copy(std::size_t from, std::size_t to, std::size_t length) const;

  /// Makes room for that many rows of `logits`.
  void make_room_for_logits(std::size_t rows);

  /// Makes room for that many rows of `states`.
  void make_room_for_states(std::size_t rows) { states.resize(rows * dim); }

  /// Makes `blocks` of tokens.
  void split_into_blocks(std::span<const EngineToken> tokens);

  std::size_t dim, hidden_dim, n_layers, n_heads, n_kv_heads, head_dim, query_dim, kv_dim,
      vocab_size;
  std::size_t capacity;
  kernels::Source source;          ///< where a pass finds the weights
  std::size_t max_tokens;          ///< T
  std::vector<float> frequencies;  ///< [Dh / 2], of the rotations; empty: there are none
  float rotation_scale;            ///< of their cosines and sines
  std::size_t rotation_width;      ///< Dh, or 0
  std::vector<float> slopes;       ///< [H], of biases by distance; empty: there are none

  Buffer<float> cache;        ///< [sequences, layers, Hkv, 2, capacity, Dh]: rotated keys, values
  Buffer<float> x;            ///< [T, D], the residual stream
  Buffer<float> rotations;    ///< [T, Dh]: cosine and sine for each pair, if there are any
  Buffer<float> query;        ///< [T, H * Dh]
  Buffer<float> key;          ///< [T, Hkv * Dh]
  Buffer<float> value;        ///< [T, Hkv * Dh]
  Buffer<float> attended;     ///< [T, H * Dh]
  Buffer<float> gate;         ///< [T, hidden]
  Buffer<float> up;           ///< [T, hidden]
  Buffer<float> gated;        ///< [T, hidden]
  Buffer<float> logits;       ///< [logits_rows, V]
  std::size_t logits_rows;    ///< one for each sequence, or as many as were ever wanted
  std::vector<float> states;  ///< [wanted of all passes, D], if states are wanted
  std::vector<EngineToken> wanted;  ///< those of the pass
  std::vector<EngineBlock> blocks;  ///< of the pass
  std::vector<ThreadBuffers> threads;
};

}  // namespace minillama
