#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/text/labelled_sentences.h"
#include "minillama/text/text_file.h"

namespace minillama {

/// A node of a sentence's parse tree: a phrase with a label of its own.
struct TreeNode {
  std::string text;          ///< its words, with a space between two
  std::int64_t label;        ///< from 0
  std::int64_t n_words = 1;  ///< at least 1
  std::int64_t depth = 0;    ///< edges between it and the whole sentence, which has 0

  bool operator==(const TreeNode&) const = default;
};

/// The nodes of one sentence, each behind those within it: the sentence itself is the last.
using LabelledTree = std::vector<TreeNode>;

/// Whether a text is one of trees: its first character that is no white space is a parenthesis,
/// which no line `label ||| sentence` begins with.
bool holds_trees(std::string_view text);

/// Reads a tree a line, as the Stanford Sentiment Treebank has them (Socher et al. 2013, EMNLP):
/// `(3 (2 It) (4 (2 's) (4 lovely)))`, a label in front of a word or of one or more trees. A space
/// or tab stands between words; other white space may be part of one. Blank lines make no
/// difference. Throws FileError naming file and line on anything else, such as a label outside 0 to
/// n_labels - 1 or more than 250 parentheses within each other.
std::vector<LabelledTree> parse_trees(const TextFile& file, std::int64_t n_labels);

/// How much a phrase counts in training.
enum class PhraseWeight {
  equal,   ///< 1
  length,  ///< its number of words
  depth,   ///< 1 / (1 + depth), of its place nearest to a sentence
};

std::string_view to_string(PhraseWeight weight);
/// "equal", "length" or "depth"; throws OptionError on any other text.
PhraseWeight phrase_weight(std::string_view text);

/// The phrases of trees as examples.
struct Phrases {
  /// Each distinct one once, in the order in which they are first met, with its most frequent
  /// label (of equally frequent ones the one met first) and weights whose mean is 1.
  std::vector<LabelledSentence> examples;
  std::int64_t n_held_out = 0;  ///< distinct ones left out as they equal a held-out sentence
};

/// The nodes of `trees` but those that equal one of the `held_out` sentences, whatever the case of
/// letters. Throws OptionError if nothing is left.
Phrases distinct_phrases(std::span<const LabelledTree> trees,
                         std::span<const LabelledSentence> held_out, PhraseWeight weight);

}  // namespace minillama
