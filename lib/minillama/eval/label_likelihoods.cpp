#include "minillama/eval/label_likelihoods.h"

#include <algorithm>
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

/// Fewer tokens are not worth that batches are read one after another in place of side by side.
constexpr std::size_t kWorthSharing = 16;

/// How many tokens all prompts begin with, if they are to be read once: at least one more is left
/// of each prompt.
std::size_t shared_tokens(std::span<const TokenIds> prompts) {
  if (prompts.size() < 2) return 0;
  const auto& first = prompts.front();
  std::size_t shared = first.size();
  for (const auto& ids : prompts) {
    const auto most = std::min(shared, ids.empty() ? 0 : ids.size() - 1);
    const auto differ =
        std::mismatch(first.begin(), first.begin() + std::ptrdiff_t(most), ids.begin());
    shared = static_cast<std::size_t>(differ.first - first.begin());
  }
  return shared < kWorthSharing ? 0 : shared;
}

/// Scores the labels behind some of the prompts. Each of these has as many sequences of a decoder
/// as the plan has continuations; the first one reads the prompt, the others begin as its copies.
class BatchScorer {
 public:
  /// @param batch  which of `prompts`
  /// @param shared how many tokens of each prompt its first sequence holds already
  BatchScorer(Decoder& decoder, const LabelPlan& plan, std::span<const TokenIds> prompts,
              const std::vector<std::size_t>& batch, std::size_t shared = 0)
      : decoder_(decoder),
        plan_(plan),
        prompts_(prompts),
        batch_(batch),
        shared_(shared),
        copies_(plan.continuations.size()) {}

  /// Adds to scores[p] of the prompts p what each label's first token has behind the prompt.
  void read_prompts(std::vector<LabelScores>& scores) {
    std::vector<Continuation> added;
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      added.push_back({i * copies_, std::span(prompts_[batch_[i]]).subspan(shared_)});
    }
    decoder_.append(added);
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      add(scores[batch_[i]], decoder_.logits(i), [](const auto& term) { return term.offset == 0; });
    }
  }

  /// Adds what their other tokens have.
  void read_continuations(std::vector<LabelScores>& scores) {
    std::vector<Continuation> added;
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      for (std::size_t c = 0; c < copies_; ++c) {
        const auto& ids = plan_.continuations[c];
        if (ids.empty()) continue;  // the only one
        if (c > 0) decoder_.copy(i * copies_, i * copies_ + c);
        added.push_back({i * copies_ + c, ids, ids.size()});
      }
    }
    if (added.empty()) return;
    decoder_.append(added);
    for (std::size_t i = 0; i < added.size(); ++i) {
      const auto continuation = added[i].sequence % copies_;
      auto logits = decoder_.logits(i);
      const auto vocab_size = logits.size() / added[i].ids.size();
      for (std::int64_t offset = 1; !logits.empty(); ++offset) {
        add(scores[batch_[added[i].sequence / copies_]], logits.first(vocab_size),
            [&](const auto& term) {
              return term.continuation == continuation && term.offset == offset;
            });
        logits = logits.subspan(vocab_size);
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

  Decoder& decoder_;
  const LabelPlan& plan_;
  std::span<const TokenIds> prompts_;
  const std::vector<std::size_t>& batch_;
  std::size_t shared_;
  std::size_t copies_;
};

/// A decoder for so many prompts of a length.
std::unique_ptr<Decoder> decoder_for(const DecoderSource& model, const LabelPlan& plan,
                                     std::size_t prompts, std::size_t longest) {
  return model.make({}, {.sequences = prompts * plan.continuations.size(),
                         .capacity = static_cast<std::int64_t>(longest) + plan.longest()});
}

/// Scores prompts that have their first `shared` tokens in common: one decoder reads these once and
/// keeps them for all batches.
void score_sharing(const DecoderSource& model, std::span<const TokenIds> prompts,
                   const LabelPlan& plan, std::size_t shared, std::vector<LabelScores>& scores) {
  std::vector<std::int64_t> lengths;
  for (const auto& ids : prompts) lengths.push_back(std::ssize(ids) - std::ptrdiff_t(shared));
  const auto batches = scoring_batches(lengths, 1);
  const auto most = std::ranges::max(batches, {}, &std::vector<std::size_t>::size).size();
  const auto copies = plan.continuations.size();
  const auto decoder = decoder_for(model, plan, most, prompts[batches.front().front()].size());
  const Continuation begun{0, std::span(prompts.front()).first(shared), 0};
  decoder->append({&begun, 1});
  for (std::size_t i = 1; i < most; ++i) decoder->copy(0, i * copies);
  for (const auto& batch : batches) {
    for (std::size_t i = 0; i < batch.size(); ++i) decoder->truncate(i * copies, shared);
    BatchScorer scorer(*decoder, plan, prompts, batch, shared);
    scorer.read_prompts(scores);
    scorer.read_continuations(scores);
  }
}

}  // namespace

std::vector<LabelScores> label_log_likelihoods(const DecoderSource& model,
                                               std::span<const TokenIds> prompts,
                                               const LabelPlan& plan) {
  require_scorer(model);
  check(plan, model.config.vocab_size);
  std::vector<LabelScores> scores(prompts.size(), LabelScores(plan.labels.size()));
  if (const auto shared = shared_tokens(prompts); shared > 0) {
    score_sharing(model, prompts, plan, shared, scores);
    return scores;
  }
  for_each_batch(model, prompts, [&](const std::vector<std::size_t>& batch) {
    const auto longest = prompts[batch.front()].size();
    const auto decoder = decoder_for(model, plan, batch.size(), longest);
    BatchScorer scorer(*decoder, plan, prompts, batch);
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
