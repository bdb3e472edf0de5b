#include "minillama/generate/token_sequences.h"

#include <algorithm>
#include <limits>

#include "minillama/core/require.h"

namespace minillama {

std::int64_t seen_tokens(const GenerationOptions& options, const ModelConfig& config) {
  return options.crop_context ? config.max_seq_len : std::numeric_limits<std::int64_t>::max();
}

TokenSequences::TokenSequences(std::size_t sequences, std::int64_t window)
    : window_(static_cast<std::size_t>(window)), sequences_(sequences) {}

std::span<const std::int64_t> TokenSequences::append(const Continuation& continuation) {
  auto& tokens = at(continuation.sequence);
  tokens.insert(tokens.end(), continuation.ids.begin(), continuation.ids.end());
  return std::span(tokens).last(std::min(tokens.size(), window_));
}

void TokenSequences::copy(std::size_t from, std::size_t to) {
  at(to) = at(from);
}

void TokenSequences::truncate(std::size_t sequence, std::size_t length) {
  auto& tokens = at(sequence);
  require_below(length, "the length of a truncated sequence", tokens.size() + 1);
  tokens.resize(length);
}

std::vector<std::int64_t>& TokenSequences::at(std::size_t sequence) {
  require_below(sequence, "sequence", sequences_.size());
  return sequences_[sequence];
}

}  // namespace minillama
