#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/eval/label_likelihoods.h"
#include "minillama/text/sentence_template.h"
#include "minillama/text/token_ids.h"
#include "minillama/text/tokenizer.h"

namespace minillama {

/// How probable labels are taken to be whatever the sentence is. Divided out of what they score,
/// score(l | x) - log prior(l), it makes up for words that a model is fond of. With the mean over
/// prompts Q, of which the kind says what they are, and p normalised over the labels,
///
///     log prior(l) = log 1/|Q| sum_q p(l | q)
struct LabelPrior {
  /// "content-free": the template around texts without content, by default "N/A" alone (contextual
  /// calibration; Zhao et al. 2021, arXiv:2102.09690).
  /// "domain": the texts alone, premises of the domain, by default what stands behind the sentence
  /// in the template (domain conditional PMI; Holtzman et al. 2021, arXiv:2104.08315).
  /// "batch": the prompts of the sentences that are classified together (batch calibration; Zhou et
  /// al. 2023, arXiv:2309.17249), so that their answers depend on each other.
  std::string kind = "content-free";
  std::vector<std::string> texts = {};  ///< of Q; none: the kind's own
};

/// What the prompts of a prior are made of.
struct PriorPrompts {
  const SentenceTemplate& sentence_template;
  const Tokenizer& tokenizer;
  std::span<const std::string> texts;
  std::int64_t max_tokens;  ///< of a prompt
};

/// A kind of prior: a row of the table in eval/label_prior.cpp.
struct LabelPriorKind {
  std::string_view name;
  /// Q; null: the sentences that are classified.
  std::vector<TokenIds> (*prompts)(const PriorPrompts& made_of);

  bool is_of_sentences() const { return prompts == nullptr; }
};

std::span<const LabelPriorKind> label_prior_kinds();

/// The kind of a prior. Throws OptionError if there is none of that name, listing the names, or it
/// was given texts and takes none.
const LabelPriorKind& label_prior_kind(const LabelPrior& prior);

/// log prior(l) of each label l, by what the labels score behind each of the prompts. Throws
/// OptionError if there are no prompts, InputError if a score is not finite.
LabelScores log_prior(std::span<const LabelScores> scores);

}  // namespace minillama
