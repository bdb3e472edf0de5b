#pragma once

#include <span>
#include <vector>

#include "minillama/eval/label_plan.h"
#include "minillama/model/language_model.h"
#include "minillama/text/batch.h"

namespace minillama {

/// One log-likelihood for each label.
using LabelScores = std::vector<double>;

/// log p(label | prompt), over all tokens of each label, for every prompt. The model must be
/// causal; the scores of a prompt do not depend on the others. Throws OptionError if it is not, if
/// a prompt is empty, or an id of a prompt or of the plan lies outside the vocabulary.
std::vector<LabelScores> label_log_likelihoods(LanguageModel& model,
                                               std::span<const TokenIds> prompts,
                                               const LabelPlan& plan);

}  // namespace minillama
