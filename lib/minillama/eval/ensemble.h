#pragma once

#include <memory>
#include <vector>

#include "minillama/eval/sentence_classifier.h"

namespace minillama {

/// Several classifiers that answer together: the probability of a label is the mean of theirs
/// (Lakshminarayanan et al. 2017, arXiv:1612.01474, section 2.4). The text that is put before the
/// models is the first one's.
class Ensemble : public SentenceClassifier {
 public:
  /// Throws OptionError if there are none, one is null or has other labels than the first.
  explicit Ensemble(std::vector<std::shared_ptr<const SentenceClassifier>> members);

  using SentenceClassifier::classify;
  /// A sentence is shortened if it was for one of the members.
  std::vector<Prediction> classify(std::span<const std::string> sentences) const override;
  std::string prompt(const std::string& sentence) const override;
  const std::vector<std::string>& label_names() const override;
  bool answers_singly() const override;

 private:
  std::vector<std::shared_ptr<const SentenceClassifier>> members_;
};

}  // namespace minillama
