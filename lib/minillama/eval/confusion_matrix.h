#pragma once

#include <cstdint>
#include <vector>

namespace minillama {

/// How often each label was predicted for each true one, and the usual figures of it.
///
/// Every method throws OptionError on a label outside [0, n_labels).
class ConfusionMatrix {
 public:
  /// Throws OptionError unless 1 <= n_labels <= 32768.
  explicit ConfusionMatrix(std::int64_t n_labels);

  void add(std::int64_t truth, std::int64_t predicted);

  std::int64_t n_labels() const { return n_labels_; }
  std::int64_t total() const;
  /// How many with label `truth` were predicted as `predicted`.
  std::int64_t count(std::int64_t truth, std::int64_t predicted) const;

  /// How many were predicted as what they are.
  std::int64_t n_right() const;
  /// Share of right predictions; 0 if there are none at all.
  double accuracy() const;

  // Of one label, with TP the sentences that have it and were predicted to, FP those that were and
  // have not, FN those that have it and were not. A share of nothing is 0, as scikit-learn has it:
  // the precision of a label that was never predicted, the recall of one that is never true.

  double precision(std::int64_t label) const;      ///< TP / (TP + FP)
  double recall(std::int64_t label) const;         ///< TP / (TP + FN)
  double f1(std::int64_t label) const;             ///< 2 TP / (2 TP + FP + FN)
  std::int64_t support(std::int64_t label) const;  ///< TP + FN

  /// Mean F1 over the labels that occur, in truth or prediction (scikit-learn's macro average).
  double macro_f1() const;

 private:
  std::size_t place(std::int64_t truth, std::int64_t predicted) const;
  std::int64_t n_predicted(std::int64_t label) const;

  std::int64_t n_labels_;
  std::vector<std::int64_t> counts_;
};

}  // namespace minillama
