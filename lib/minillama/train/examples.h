#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "minillama/model/module_text_classifier.h"
#include "minillama/text/batch.h"
#include "minillama/text/labelled_sentences.h"

namespace minillama {

/// Sentences and their labels as a classifier reads them.
struct Examples {
  std::vector<TokenIds> ids;
  std::vector<std::int64_t> labels;  ///< as many as `ids`
  std::vector<double> weights = {};  ///< how much each counts in the loss; none: all alike
  /// What is learnt of each: a probability of each label; none: all of its label.
  std::vector<std::vector<double>> targets = {};
  std::int64_t pad_id = 0;       ///< what rows are padded with, where they are
  std::int64_t n_shortened = 0;  ///< how many lack tokens at the end of their sentence

  std::size_t size() const { return ids.size(); }

  /// Throws OptionError naming the example unless there are as many labels as `ids`, each in
  /// [0, n_labels), as many weights or none, each finite and positive, as many targets or none, of
  /// numbers from 0 to 1 for each label, and no `ids` are empty.
  void validate(std::int64_t n_labels) const;
};

/// `sentences` under the classifier's template and limits. Throws OptionError if one is not UTF-8.
Examples encode(const ModuleTextClassifier& classifier,
                std::span<const LabelledSentence> sentences);

}  // namespace minillama
