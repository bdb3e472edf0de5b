#include "minillama/eval/label_likelihoods.h"

#include <memory>

#include "minillama/core/require.h"
#include "minillama/eval/likelihood_batches.h"
#include "minillama/generate/distribution.h"

namespace minillama {
namespace {

void check(const DecoderSource& model) {
  if (!model.make) throw OptionError("there is no language model to ask");
}

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

/// Scores the labels behind some of the prompts. Each of these has as many sequences of a decoder
/// as the plan has continuations; the first one reads the prompt, the others begin as its copies.
class BatchScorer {
 public:
  /// @param batch which of `prompts`, the longest first
  BatchScorer(const DecoderSource& model, const LabelPlan& plan, std::span<const TokenIds> prompts,
              const std::vector<std::size_t>& batch)
      : plan_(plan),
        prompts_(prompts),
        batch_(batch),
        copies_(plan.continuations.size()),
        vocab_size_(static_cast<std::size_t>(model.config.vocab_size)),
        decoder_(
            model.make({}, {.sequences = batch.size() * copies_,
                            .capacity = std::ssize(prompts[batch.front()]) + plan.longest()})) {}

  /// Adds to scores[p] of the prompts p what each label's first token has behind the prompt.
  void read_prompts(std::vector<LabelScores>& scores) {
    std::vector<Continuation> added;
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      added.push_back({i * copies_, prompts_[batch_[i]]});
    }
    decoder_->append(added);
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      add(scores[batch_[i]], decoder_->logits(i),
          [](const auto& term) { return term.offset == 0; });
    }
  }

  /// Adds what their other tokens have.
  void read_continuations(std::vector<LabelScores>& scores) {
    std::vector<Continuation> added;
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      for (std::size_t c = 0; c < copies_; ++c) {
        const auto& ids = plan_.continuations[c];
        if (ids.empty()) continue;  // the only one
        if (c > 0) decoder_->copy(i * copies_, i * copies_ + c);
        added.push_back({i * copies_ + c, ids, ids.size()});
      }
    }
    if (added.empty()) return;
    decoder_->append(added);
    for (std::size_t i = 0; i < added.size(); ++i) {
      const auto continuation = added[i].sequence % copies_;
      auto logits = decoder_->logits(i);
      for (std::int64_t offset = 1; !logits.empty(); ++offset) {
        add(scores[batch_[added[i].sequence / copies_]], logits.first(vocab_size_),
            [&](const auto& term) {
              return term.continuation == continuation && term.offset == offset;
            });
        logits = logits.subspan(vocab_size_);
      }
    }
  }

 private:
  /// Adds log p of the terms that are read at `logits`.
  template <typename IsHere>
  void add(LabelScores& scores, std::span<const float> logits, const IsHere& is_here) const {
    const double normalizer = log_normalizer(logits);
    for (std::size_t label = 0; label < scores.size(); ++label) {
      for (const auto& term : plan_.labels[label]) {
        if (!is_here(term)) continue;
        scores[label] += logits[static_cast<std::size_t>(term.token)] - normalizer;
      }
    }
  }

  const LabelPlan& plan_;
  std::span<const TokenIds> prompts_;
  const std::vector<std::size_t>& batch_;
  std::size_t copies_;
  std::size_t vocab_size_;
  std::unique_ptr<Decoder> decoder_;
};

}  // namespace

std::vector<LabelScores> label_log_likelihoods(const DecoderSource& model,
                                               std::span<const TokenIds> prompts,
                                               const LabelPlan& plan) {
  require_scorer(model);
  check(plan, model.config.vocab_size);
  std::vector<LabelScores> scores(prompts.size(), LabelScores(plan.labels.size()));
  for_each_batch(model, prompts, [&](const std::vector<std::size_t>& batch) {
    BatchScorer scorer(model, plan, prompts, batch);
    scorer.read_prompts(scores);
    scorer.read_continuations(scores);
  });
  return scores;
}

std::vector<LabelScores> label_scores_at_end(const DecoderSource& model,
                                             std::span<const TokenIds> rows,
                                             std::span<const TokenIds> labels) {
  check(model);
  for (const auto& ids : labels) {
    if (ids.empty()) throw OptionError("a label has no tokens");
    for (const auto id : ids) require_below(id, "a label's token", model.config.vocab_size);
  }
  if (rows.empty()) return {};
  for (const auto& row : rows) {
    require(row.size() == rows.front().size(), "the length of a row", row.size(),
            fmt::format("be that of the first, {}", rows.front().size()));
  }
  const auto decoder =
      model.make({}, {.sequences = rows.size(), .capacity = std::ssize(rows.front())});
  std::vector<Continuation> added;
  for (std::size_t i = 0; i < rows.size(); ++i) added.push_back({i, rows[i]});
  decoder->append(added);
  std::vector<LabelScores> scores(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto logits = decoder->logits(i);
    const double normalizer = log_normalizer(logits);
    for (const auto& ids : labels) {
      double sum = 0;
      for (const auto id : ids) sum += logits[static_cast<std::size_t>(id)] - normalizer;
      scores[i].push_back(sum);
    }
  }
  return scores;
}

}  // namespace minillama
