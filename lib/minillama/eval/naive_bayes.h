#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "minillama/text/labelled_sentences.h"

namespace minillama {

/// The words of a text, in small letters: runs of word characters (letters, marks, digits,
/// underscores and the like) and runs of what is neither that nor white space, so that "It's fun!!"
/// has the words it, ', s, fun and !!. Throws OptionError if `text` is not UTF-8.
std::vector<std::string> words_of(std::string_view text);

/// Multinomial naive Bayes over the counts of words (Manning, Raghavan and Schütze 2008, chapter
/// 13.2): what a classifier must beat that has read but its training set.
///
///     score(y, text) = log(n_y / n) + sum over the words w of text of log p(w | y)
///     p(w | y)       = (count of w in the texts of y + a) / (all words of y's texts + a V)
///
/// n_y of n examples have the label y, V is the number of different words in training, and a is
/// Laplace's smoothing. Words that are not in training say nothing. The const functions may be
/// called from several threads at once.
class NaiveBayes {
 public:
  /// Throws OptionError if there are no examples, a label does not lie in [0, n_labels), a text is
  /// not UTF-8, or `smoothing` is not positive and finite.
  NaiveBayes(std::span<const LabelledSentence> examples, std::int64_t n_labels,
             double smoothing = 1);

  /// Of each label; minus infinity for one that no example has.
  std::vector<double> scores(std::string_view text) const;
  /// The label with the highest score, of several the first.
  std::int64_t classify(std::string_view text) const;

 private:
  std::vector<double> log_prior_;                        // [n_labels]
  std::unordered_map<std::string, std::size_t> places_;  // of words
  std::vector<double> log_likelihood_;                   // [V, n_labels]
};

}  // namespace minillama
