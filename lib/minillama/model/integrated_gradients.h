#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "minillama/eval/explanation.h"
#include "minillama/model/module_text_classifier.h"

namespace minillama {

struct IntegratedGradientsOptions {
  /// Points of the path at which gradients are taken, at least 1.
  std::int64_t steps = 64;
  /// Whose label it is about; if none is given, the most probable one.
  std::optional<std::int64_t> label = {};
};

/// What integrated gradients make of a text.
struct IntegratedGradients {
  Explanation explanation;
  double baseline_log_odds = 0;  ///< of the label where the path begins
};

/// Explains an answer by integrated gradients (Sundararajan et al. 2017, arXiv:1703.01365). F is
/// the label's log-odds as a function of the text's embeddings x [T, D], and x' a baseline; a
/// token's value is
///
///     sum over its D numbers of (x - x') * integral over a in [0, 1] of dF/dx(x' + a (x - x'))
///
/// and a word's the sum of its tokens'. The baseline of all tokens of the text is 0 (there, section
/// 4.2, for texts); BOS and the words of a template around the text stay as they are, and have no
/// part in it. The integral is taken by Gauss and Legendre's rule of `steps` points, which is exact
/// for polynomials of degree 2 steps - 1.
///
/// Complete: the values add up to log_odds - baseline_log_odds, but for what the rule misses, which
/// falls as the steps grow.
///
/// A token belongs to the word in which its first character stands; those of a text that a
/// tokenizer has changed beyond recognition may fall to the word before. Words that did not fit
/// into the model's context have the value 0.
///
/// Throws OptionError if the text is not UTF-8, there are fewer than two labels, the label is not
/// one of them, steps < 1, or the classifier pools the last padded position. Of one thread at a
/// time.
IntegratedGradients integrated_gradients(ModuleTextClassifier& classifier, const std::string& text,
                                         const IntegratedGradientsOptions& options = {});

}  // namespace minillama
