#include "minillama/eval/label_likelihoods.h"

#include "minillama/core/check.h"
#include "minillama/nn/parallel_parts.h"

namespace minillama {
namespace {

/// Tokens in a batch's rows: enough to keep the matrix products busy, few enough for the cache.
constexpr std::int64_t kBatchTokens = 2048;

/// The sequences that score the labels after some prompts, and where to look in them.
struct ScoringBatch {
  std::vector<TokenIds> sequences;
  std::vector<std::int64_t> positions;  // among all tokens of the batch, of each term
  std::vector<std::int64_t> tokens;     // that the term is about

  void add(const TokenIds& prompt, const LabelPlan& plan) {
    std::vector<std::int64_t> last_of_prompt;  // its position, in each sequence
    for (const auto& continuation : plan.continuations) {
      auto& sequence = sequences.emplace_back(prompt);
      sequence.insert(sequence.end(), continuation.begin(), continuation.end());
      last_of_prompt.push_back(n_tokens_ + std::ssize(prompt) - 1);
      n_tokens_ += std::ssize(sequence);
    }
    for (const auto& label : plan.labels) {
      for (const auto& term : label) {
        positions.push_back(last_of_prompt[term.continuation] + term.offset);
        tokens.push_back(term.token);
      }
    }
  }

 private:
  std::int64_t n_tokens_ = 0;
};

void check(const LabelPlan& plan, std::int64_t vocab_size) {
  for (const auto& label : plan.labels) {
    for (const auto& [continuation, offset, token] : label) {
      if (continuation >= plan.continuations.size() || offset < 0 ||
          offset > std::ssize(plan.continuations[continuation])) {
        throw OptionError("a label's plan looks behind its continuations");
      }
      require_below(token, "a label's token", vocab_size);
    }
  }
}

/// log p of each term, [number of terms] float64 on the CPU.
torch::Tensor term_log_probabilities(LanguageModel& model, const ScoringBatch& batch) {
  const auto device = model->llama->tok_embeddings->weight.device();
  const auto hidden = model->llama->forward_packed(concatenate(batch.sequences).to(device),
                                                   Sequences(lengths_of(batch.sequences)));
  // Many terms share a position, whose logits are worth computing once.
  const auto [positions, inverse, unused] =
      at::_unique2(torch::tensor(batch.positions, torch::kLong), /*sorted=*/true,
                   /*return_inverse=*/true);
  const auto logits = model->logits(hidden.index_select(0, positions.to(device)));
  return logits.log_softmax(-1)
      .cpu()
      .index({inverse, torch::tensor(batch.tokens, torch::kLong)})
      .to(torch::kDouble);
}

}  // namespace

std::vector<LabelScores> label_log_likelihoods(LanguageModel& model,
                                               std::span<const TokenIds> prompts,
                                               const LabelPlan& plan) {
  require_module(model, "the language model");
  if (model->config().attention != AttentionKind::causal) {
    throw OptionError(
        "scoring a label needs causal attention: under full attention it would see itself");
  }
  check(plan, model->config().vocab_size);
  require_lengths(lengths_of(prompts), 1);
  const torch::NoGradGuard no_grad;
  const auto copies = std::ssize(plan.continuations);
  std::vector<std::int64_t> sizes;
  for (const auto& ids : prompts) sizes.push_back((std::ssize(ids) + plan.longest()) * copies);

  std::vector<LabelScores> scores(prompts.size());
  const auto device = model->llama->tok_embeddings->weight.device();
  const auto batches = batches_by_length(sizes, kBatchTokens, parallel_workers(device));
  parallel_parts(device, std::ssize(batches), [&](std::int64_t part) {
    const auto& indices = batches[static_cast<std::size_t>(part)];
    ScoringBatch batch;
    for (const auto index : indices) batch.add(prompts[index], plan);
    const auto terms = term_log_probabilities(model, batch);
    const auto* next = terms.data_ptr<double>();
    for (const auto index : indices) {
      for (const auto& label : plan.labels) {
        double sum = 0;
        for (std::size_t i = 0; i < label.size(); ++i) sum += *next++;
        scores[index].push_back(sum);
      }
    }
  });
  return scores;
}

}  // namespace minillama
