#include "minillama/engine/engine.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "minillama/core/position_schemes.h"
#include "minillama/core/require.h"
#include "minillama/core/thread_pool.h"
#include "minillama/core/threads.h"
#include "minillama/engine/engine_buffers.h"
#include "minillama/engine/engine_pass.h"
#include "minillama/engine/engine_steps.h"

namespace minillama {
namespace {

/// How many threads pay for a pass: below this many weights times tokens for each, waiting for
/// each other costs more than the work that is shared.
std::size_t suitable_threads(const Weights& model, std::size_t tokens, std::size_t at_most) {
  constexpr std::size_t kWorkPerThread = 500'000;
  std::size_t weights = model.head.rows * model.head.cols;
  for (const LayerWeights& layer : model.layers) {
    for (const auto& part : matrix_parts()) {
      weights += (layer.*part.matrix).rows * (layer.*part.matrix).cols;
    }
  }
  return std::clamp<std::size_t>(weights * tokens / kWorkPerThread, 1, at_most);
}

std::size_t available_threads() {
  return static_cast<std::size_t>(threads());
}

/// The model, if buffers of these sizes can be thought of: their products must not overflow.
std::shared_ptr<const Weights> checked(std::shared_ptr<const Weights> model, std::size_t sequences,
                                       std::size_t capacity) {
  if (!model) throw OptionError("the engine's model is null");
  require(sequences >= 1, "the engine's sequences", sequences, "be at least 1");
  require(capacity >= 1, "the engine's capacity", capacity, "be at least 1");
  constexpr double kMostFloats = 1e13;
  const auto& config = model->config;
  const double floats = static_cast<double>(sequences) * static_cast<double>(capacity) *
                        static_cast<double>(config.n_layers) *
                        static_cast<double>(std::max(config.dim, config.query_dim()));
  if (floats > kMostFloats) {
    throw OptionError(fmt::format("an engine for {} sequences of {} tokens: more than any memory",
                                  sequences, capacity));
  }
  return model;
}

void require_sequence(std::size_t sequence, std::size_t count) {
  require_below(sequence, "sequence", count);
}

}  // namespace

Engine::Engine(std::shared_ptr<const Weights> model, std::size_t sequences, std::size_t capacity)
    : model_(checked(std::move(model), sequences, capacity)),
      buffers_(std::make_unique<EngineBuffers>(*model_, sequences, capacity, available_threads())),
      lengths_(sequences) {}

Engine::~Engine() = default;

void Engine::append(std::span<const Continuation> continuations) {
  for (std::size_t i = 0; i < continuations.size(); ++i) {
    const Continuation& continuation = continuations[i];
    require_sequence(continuation.sequence, lengths_.size());
    if (i > 0 && continuation.sequence <= continuations[i - 1].sequence) {
      throw OptionError(fmt::format("sequence {} comes after {}: they must increase",
                                    continuation.sequence, continuations[i - 1].sequence));
    }
    for (const std::int64_t id : continuation.ids) {
      if (id >= 0 && id < model_->config.vocab_size) continue;
      throw OptionError(
          fmt::format("token id {} is not in the vocabulary of {}", id, model_->config.vocab_size));
    }
    const std::size_t length = lengths_[continuation.sequence];
    if (length > 0 && model_->config.attention == AttentionKind::full) {
      throw OptionError(
          fmt::format("sequence {} has {} tokens, which under full attention would "
                      "have to see those that are appended: restart it first",
                      continuation.sequence, length));
    }
    if (continuation.ids.empty() || continuation.ids.size() > buffers_->capacity - length) {
      throw OptionError(
          fmt::format("{} tokens for sequence {}, which has {}: at least 1, and {} in all",
                      continuation.ids.size(), continuation.sequence, length, buffers_->capacity));
    }
    require_positions(model_->config, static_cast<std::int64_t>(length + continuation.ids.size()));
    for (const auto& [what, n] :
         {std::pair{"logits", continuation.n_logits}, std::pair{"states", continuation.n_states}}) {
      if (n <= continuation.ids.size()) continue;
      throw OptionError(fmt::format("the {} of {} tokens are wanted of {} for sequence {}", what, n,
                                    continuation.ids.size(), continuation.sequence));
    }
  }

  tokens_.clear();
  rows_.clear();
  outputs_ = {};
  std::size_t rows = 0;
  for (const Continuation& continuation : continuations) {
    const bool is_causal = model_->config.attention == AttentionKind::causal;
    std::size_t& length = lengths_[continuation.sequence];
    const std::size_t end = length + continuation.ids.size();
    const std::size_t wanted = std::max(continuation.n_logits, continuation.n_states);
    for (const std::int64_t id : continuation.ids) {
      tokens_.push_back({.id = id,
                         .sequence = continuation.sequence,
                         .position = length,
                         .visible = is_causal ? length + 1 : end,
                         .is_wanted = end - length <= wanted});
      ++length;
    }
    rows += wanted;
    rows_.push_back({rows, continuation.n_logits, continuation.n_states});
    outputs_.logits |= continuation.n_logits > 0;
    outputs_.states |= continuation.n_states > 0;
  }
  if (outputs_.logits) buffers_->make_room_for_logits(rows);
  if (outputs_.states) buffers_->make_room_for_states(rows);
  const std::span<const EngineToken> tokens = tokens_;
  std::size_t done = 0;
  for (std::size_t begin = 0; begin < tokens.size(); begin += buffers_->max_tokens) {
    const auto part = tokens.subspan(begin, std::min(buffers_->max_tokens, tokens.size() - begin));
    run(part, done);
    done += buffers_->wanted.size();
  }
}

void Engine::run(std::span<const EngineToken> tokens, std::size_t done) {
  buffers_->split_into_blocks(tokens);
  buffers_->wanted.clear();
  std::ranges::copy_if(tokens, std::back_inserter(buffers_->wanted), &EngineToken::is_wanted);
  const std::size_t at_most = std::min(buffers_->threads.size(), available_threads());
  const std::size_t parts = suitable_threads(*model_, tokens.size(), at_most);
  EngineSteps steps(*model_, *buffers_, tokens, parts, outputs_);
  run_team(parts, [&](std::size_t member) {
    EnginePass(*model_, *buffers_, member, parts).run(steps, tokens, done);
  });
}

std::span<float> Engine::logits(std::size_t i) {
  const auto& [end, n, _] = rows(i);
  const std::size_t vocab_size = buffers_->vocab_size;
  return {buffers_->logits.at((end - n) * vocab_size), n * vocab_size};
}

std::span<const float> Engine::states(std::size_t i) const {
  const auto& [end, _, n] = rows(i);
  const std::size_t dim = buffers_->dim;
  return {buffers_->states.data() + (end - n) * dim, n * dim};
}

const Engine::Rows& Engine::rows(std::size_t i) const {
  require_below(i, "the continuation", rows_.size());
  return rows_[i];
}

void Engine::copy(std::size_t from, std::size_t to) {
  require_sequence(from, lengths_.size());
  require_sequence(to, lengths_.size());
  if (from == to) return;
  buffers_->copy(from, to, lengths_[from]);
  lengths_[to] = lengths_[from];
}

void Engine::truncate(std::size_t sequence, std::size_t length) {
  require_sequence(sequence, lengths_.size());
  require_below(length, "the length of a truncated sequence", lengths_[sequence] + 1);
  lengths_[sequence] = length;
}

}  // namespace minillama
