#include "minillama/eval/text_likelihood.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>

#include "minillama/core/error.h"
#include "minillama/eval/likelihood_batches.h"
#include "minillama/generate/distribution.h"

namespace minillama {
namespace {

/// Positions whose logits are in memory at the same time: every one has as many as the vocabulary.
constexpr std::size_t kPieceTokens = 128;

/// What is in front of the last token of a sequence, which is never read: nothing comes behind it.
std::span<const std::int64_t> read_tokens(const TokenIds& sequence) {
  return std::span(sequence).first(sequence.size() - 1);
}

/// The answers for some of the sequences, the longest first, which go through the model side by
/// side and piece by piece.
void score_batch(const DecoderSource& model, std::span<const TokenIds> sequences,
                 const std::vector<std::size_t>& batch, std::vector<std::vector<double>>& scores) {
  const auto longest = read_tokens(sequences[batch.front()]).size();
  if (longest == 0) return;
  const auto decoder =
      model.make({}, {.sequences = batch.size(), .capacity = static_cast<std::int64_t>(longest)});
  const auto vocab_size = static_cast<std::size_t>(model.config.vocab_size);
  const std::size_t piece = std::max<std::size_t>(kPieceTokens / batch.size(), 1);
  for (std::size_t begin = 0; begin < longest; begin += piece) {
    std::vector<Continuation> added;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto tokens = read_tokens(sequences[batch[i]]);
      if (tokens.size() <= begin) continue;
      const auto ids = tokens.subspan(begin, std::min(piece, tokens.size() - begin));
      added.push_back({i, ids, ids.size()});
    }
    decoder->append(added);
    for (std::size_t k = 0; k < added.size(); ++k) {
      const auto index = batch[added[k].sequence];
      const auto logits = decoder->logits(k);
      for (std::size_t i = 0; i < added[k].ids.size(); ++i) {
        const auto here = logits.subspan(i * vocab_size, vocab_size);
        const auto next = static_cast<std::size_t>(sequences[index][begin + i + 1]);
        const double score = here[next] - log_normalizer(here);
        if (!std::isfinite(score)) {
          throw InputError("the model's logits are not finite: its weights are broken");
        }
        scores[index].push_back(score);
      }
    }
  }
}

}  // namespace

double TextLikelihood::bits_per_byte(std::string_view text) const {
  if (text.empty()) return std::numeric_limits<double>::quiet_NaN();
  return -log_probability / std::numbers::ln2 / static_cast<double>(text.size());
}

std::vector<std::vector<double>> token_log_probabilities(const DecoderSource& model,
                                                         std::span<const TokenIds> sequences) {
  require_scorable(model, sequences);
  std::vector<std::vector<double>> scores(sequences.size());
  for_each_batch(model, sequences, [&](const std::vector<std::size_t>& batch) {
    score_batch(model, sequences, batch, scores);
  });
  return scores;
}

std::vector<TextLikelihood> text_likelihoods(const TextGenerator& model,
                                             std::span<const std::string> texts) {
  std::vector<TextLikelihood> likelihoods(texts.size());
  std::vector<TokenIds> sequences;
  std::vector<std::size_t> places;  // of the sequences
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto& tokenizer = model.tokenizer();
    likelihoods[i].tokens = with_bos(tokenizer, tokenizer.encode(texts[i]));
    if (likelihoods[i].tokens.empty()) continue;
    sequences.push_back(likelihoods[i].tokens);
    places.push_back(i);
  }
  auto scores = token_log_probabilities(model.source(), sequences);
  for (std::size_t k = 0; k < places.size(); ++k) {
    auto& [tokens, logprobs, sum] = likelihoods[places[k]];
    logprobs = std::move(scores[k]);
    sum = std::accumulate(logprobs.begin(), logprobs.end(), 0.0);
  }
  return likelihoods;
}

}  // namespace minillama
