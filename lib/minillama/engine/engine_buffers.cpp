#include "minillama/engine/engine_buffers.h"

#include <algorithm>

#include "minillama/core/position_schemes.h"
#include "minillama/core/rotary_scaling.h"
#include "minillama/kernels/softmax.h"

namespace minillama {
namespace {

/// Tokens that go through the model together, at most, unless there are more sequences: enough for
/// the weights to be read rarely, few enough for their inputs to stay in cache.
constexpr std::size_t kMaxTokens = 128;

/// Weights that are larger come from memory in each pass: the last-level cache that a few cores of
/// a server's processor share. What the system says of its size is not to be relied on where
/// processors are virtual.
constexpr std::size_t kCacheBytes = 32 << 20;

/// T. Under full attention a token needs the keys of all others: they go together.
std::size_t most_tokens(AttentionKind attention, std::size_t sequences, std::size_t longest) {
  if (attention == AttentionKind::full) return sequences * longest;
  return std::max(sequences, std::min(sequences * longest, kMaxTokens));
}

std::size_t positive(std::int64_t n) {
  return static_cast<std::size_t>(n);
}

}  // namespace

EngineBuffers::EngineBuffers(const Weights& model, std::size_t sequences, std::size_t longest,
                             std::size_t n_threads)
    : dim(positive(model.config.dim)),
      hidden_dim(positive(model.config.hidden_dim)),
      n_layers(positive(model.config.n_layers)),
      n_heads(positive(model.config.n_heads)),
      n_kv_heads(positive(model.config.n_kv_heads)),
      head_dim(positive(model.config.head_dim)),
      query_dim(n_heads * head_dim),
      kv_dim(n_kv_heads * head_dim),
      vocab_size(positive(model.config.vocab_size)),
      capacity(longest),
      max_tokens(most_tokens(model.config.attention, sequences, longest)),
      cache(sequences * n_layers * n_kv_heads * 2 * capacity * head_dim),
      x(max_tokens * dim),
      query(max_tokens * query_dim),
      key(max_tokens * kv_dim),
      value(max_tokens * kv_dim),
      attended(max_tokens * query_dim),
      gate(max_tokens * hidden_dim),
      up(max_tokens * hidden_dim),
      gated(max_tokens * hidden_dim),
      logits(sequences * vocab_size),
      logits_rows(sequences) {
  const auto rotary = rotary_frequencies(model.config);
  frequencies.assign(rotary.per_position.begin(), rotary.per_position.end());
  rotation_scale = static_cast<float>(rotary.scale);
  rotation_width = 2 * frequencies.size();
  rotations = Buffer<float>(max_tokens * rotation_width);
  const auto biases = score_slopes(model.config);
  slopes.assign(biases.begin(), biases.end());
  bool takes_bytes = false;
  std::size_t rank = 0, bytes = 0;
  const auto look_at = [&](const Matrix& matrix) {
    takes_bytes |= matrix.format->takes_bytes;
    rank = std::max(rank, matrix.low_rank.rank);
    bytes += matrix.rows * matrix.row_bytes();
  };
  look_at(model.head);
  for (const auto& layer : model.layers) {
    for (const auto& part : matrix_parts()) look_at(layer.*part.matrix);
  }
  source = bytes > kCacheBytes ? kernels::memory_source() : kernels::Source::cache;
  const std::size_t widest = takes_bytes ? std::max({dim, query_dim, hidden_dim}) : 0;
  for (std::size_t i = 0; i < n_threads; ++i) {
    ThreadBuffers& own = threads.emplace_back();
    own.means = Buffer<float>(std::max(max_tokens, n_heads));
    own.inverses = Buffer<float>(std::max(max_tokens, n_heads));
    own.input = Buffer<float>(max_tokens * dim);
    own.values = Buffer<std::int8_t>(max_tokens * widest);
    own.scales = Buffer<float>(max_tokens * widest / kernels::kPartSize);
    own.half_sums = Buffer<std::int16_t>(max_tokens * widest / kernels::kPartSize * 2);
    own.low_rank = Buffer<float>(max_tokens * rank);
    own.scores =
        Buffer<float>(std::max(n_heads / n_kv_heads, kBlockTokens) * kernels::score_room(capacity));
  }
}

void EngineBuffers::copy(std::size_t from, std::size_t to, std::size_t length) const {
  for (std::size_t layer = 0; layer < n_layers; ++layer) {
    for (std::size_t head = 0; head < n_kv_heads; ++head) {
      std::copy_n(keys(from, layer, head), length * head_dim, keys(to, layer, head));
      std::copy_n(values(from, layer, head), length * head_dim, values(to, layer, head));
    }
  }
}

void EngineBuffers::make_room_for_logits(std::size_t rows) {
  if (rows <= logits_rows) return;
  logits = Buffer<float>(rows * vocab_size);
  logits_rows = rows;
}

void EngineBuffers::split_into_blocks(std::span<const EngineToken> tokens) {
  blocks.clear();
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    const bool goes_on =
        t > 0 && tokens[t].sequence == tokens[t - 1].sequence && blocks.back().count < kBlockTokens;
    if (!goes_on) blocks.push_back({.begin = t});
    ++blocks.back().count;
  }
}

}  // namespace minillama
