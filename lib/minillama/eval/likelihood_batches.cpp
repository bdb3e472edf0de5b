#include "minillama/eval/likelihood_batches.h"

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "minillama/core/require.h"
#include "minillama/core/thread_pool.h"
#include "minillama/core/threads.h"
#include "minillama/text/batches.h"

namespace minillama {
namespace {

/// Tokens that go through the model together: enough for the weights to be read rarely, few enough
/// for what is computed to stay in cache.
constexpr std::int64_t kBatchTokens = 256;

}  // namespace

void require_scorer(const DecoderSource& model) {
  if (!model.make) throw OptionError("there is no language model to ask");
  if (model.config.attention != AttentionKind::causal) {
    throw OptionError(
        "scoring tokens needs causal attention: under full attention they would see themselves");
  }
}

void require_scorable(const DecoderSource& model, std::span<const TokenIds> sequences) {
  require_scorer(model);
  for (const auto& sequence : sequences) {
    for (const auto id : sequence)
      require_below(id, "a token id of the text", model.config.vocab_size);
    if (std::ssize(sequence) > model.config.max_seq_len) {
      throw OptionError(fmt::format("the text has {} tokens, the model's context {}",
                                    sequence.size(), model.config.max_seq_len));
    }
  }
}

std::vector<std::vector<std::size_t>> scoring_batches(std::span<const std::int64_t> lengths,
                                                      std::int64_t workers) {
  return batches_by_length(lengths, kBatchTokens, workers);
}

void for_each_batch(const DecoderSource& model, std::span<const TokenIds> sequences,
                    const std::function<void(const std::vector<std::size_t>& batch)>& score) {
  const auto sizes = lengths_of(sequences);
  require_lengths(sizes, 1);
  const auto batches = scoring_batches(sizes, threads());
  if (batches.size() <= 1 || !model.is_concurrent) {
    std::ranges::for_each(batches, score);
    return;
  }
  std::atomic<std::size_t> next = 0;
  run_team(batches.size(), [&](std::size_t) {
    for (auto i = next++; i < batches.size(); i = next++) score(batches[i]);
  });
}

}  // namespace minillama
