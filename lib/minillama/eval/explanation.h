#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "minillama/eval/sentence_classifier.h"
#include "minillama/text/text_words.h"

namespace minillama {

/// How much a word moved an answer.
struct WordAttribution {
  TextWord place;    ///< of the word in the text
  double value = 0;  ///< in log-odds: above 0 if it speaks for the label, below if against it
};

/// Why a text has a label, by a method that gives each of its words a part.
struct Explanation {
  std::int64_t label = 0;              ///< which it is about
  double log_odds = 0;                 ///< of that label
  std::vector<WordAttribution> words;  ///< in the text's order
};

/// log(p / (1 - p)) of a label's probability p, 1 - p being the sum of the others', so that it does
/// not end where p rounds to 1. Throws OptionError if there are fewer than two labels or the label
/// is not one of them.
double log_odds(const Prediction& prediction, std::int64_t label);

/// Explains an answer by occlusion: the value of a word is how much the label's log-odds fall when
/// it is left out,
///
///     log_odds(text) - log_odds(text without the word)
///
/// (Robnik-Sikonja and Kononenko 2008, "Explaining classifications for individual instances", their
/// weight of evidence; of neural networks Li et al. 2016, arXiv:1612.08220). Log-odds and not
/// probabilities, since near 0 and 1 those hardly move whatever is left out. With a word goes the
/// white space in front of it, of the first one that behind it. A word's value is what it adds to
/// all the others: of two that say the same, either may be worth little.
///
/// All variants of the text are classified together. Works with any classifier and needs nothing of
/// it but its answers; costs one of them for each word.
///
/// @param label which is explained; if none is given, the most probable one
/// Throws OptionError if the text is not UTF-8, there are fewer than two labels, the label is not
/// one of them, or the classifier's answers depend on what a text is classified with
/// (answers_singly()).
Explanation explain(const SentenceClassifier& classifier, const std::string& text,
                    std::optional<std::int64_t> label = {});

}  // namespace minillama
