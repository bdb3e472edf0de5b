#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "minillama/eval/bootstrap.h"
#include "minillama/generate/decoder.h"
#include "minillama/text/token_ids.h"

namespace minillama {

/// A text in two parts: what was given, and how it went on, which may be empty.
struct ContinuedIds {
  TokenIds prompt;
  TokenIds continuation;
};

/// What continuations are like, all of them together. Tokens are those of the model.
struct TextMeasures {
  std::size_t texts = 0;
  std::size_t tokens = 0;               ///< of all continuations
  std::array<double, 3> distinct = {};  ///< distinct-1, -2 and -3 (eval/ngrams.h)
  Estimate log_likelihood;              ///< mean of log p of a token, behind prompt and text so far
  Estimate repetition;                  ///< the share of 4-grams that their text had before
  Estimate self_bleu;                   ///< mean over the texts (eval/self_bleu.h)
  std::vector<float> states;            ///< of each whole text [texts, D] (eval/text_states.h)
};

/// Measures continuations, which are the numbers that `bootstrap` draws. A text that stands in a
/// resample twice is not compared with itself: self-BLEU is that of the whole set, drawn again.
/// Distinct-n has no replicates, as those of resamples with repeated texts are lower.
///
/// Throws OptionError if there are fewer than two texts, not as many as `bootstrap` draws from, or
/// like token_log_probabilities().
TextMeasures measure_texts(const DecoderSource& model, std::span<const ContinuedIds> texts,
                           const Bootstrap& bootstrap);

struct DivergenceOptions {
  std::size_t clusters = 0;  ///< 0: a tenth of the texts, at least 2
  std::uint64_t seed = 1337;
};

/// How near texts are to others that go on from the same prompts: the area under the divergence
/// curve (eval/divergence_curve.h) between both over clusters of the states of all of them
/// (eval/k_means.h), after MAUVE (Pillutla et al. 2021, arXiv:2102.01454), in the states of this
/// model and as they are: without principal components. Resamples keep the clusters.
///
/// Throws OptionError if there are not as many texts as `bootstrap` draws from, or more clusters
/// than texts of both.
Estimate divergence_area(const TextMeasures& texts, const TextMeasures& others,
                         const DivergenceOptions& options, const Bootstrap& bootstrap);

}  // namespace minillama
