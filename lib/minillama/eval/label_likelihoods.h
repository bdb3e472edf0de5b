#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "minillama/eval/label_plan.h"
#include "minillama/generate/decoder.h"
#include "minillama/text/token_ids.h"

namespace minillama {

/// One log-likelihood for each label.
using LabelScores = std::vector<double>;

/// log p(label | prompt), over all tokens of each label, for every prompt. A prompt goes through
/// the model once, whatever the number of labels, and its scores do not depend on the others. What
/// all prompts begin with, as with shots, is read once for all of them, if it is long enough to be
/// worth it.
/// Throws OptionError if the model is not causal, a prompt is empty, or an id of a prompt or of the
/// plan lies outside the vocabulary.
std::vector<LabelScores> label_log_likelihoods(const DecoderSource& model,
                                               std::span<const TokenIds> prompts,
                                               const LabelPlan& plan);

/// For every row of tokens, all of one length, the sum of log p(token | row) over the tokens of
/// each label, all of them read at the row's last position: what the CMU assignment's reference
/// scores. Throws OptionError if the rows differ in length, a row or a label is empty, or an id
/// lies outside the vocabulary.
std::vector<LabelScores> label_scores_at_end(const DecoderSource& model,
                                             std::span<const TokenIds> rows,
                                             std::span<const TokenIds> labels);

}  // namespace minillama
