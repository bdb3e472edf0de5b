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

  /// Share of right predictions; 0 if there are none at all.
  double accuracy() const;
  /// F1 of one label: 2 TP / (2 TP + FP + FN).
  double f1(std::int64_t label) const;
  /// Mean F1 over the labels that occur, in truth or prediction (scikit-learn's macro average).
  double macro_f1() const;

 private:
  std::size_t place(std::int64_t truth, std::int64_t predicted) const;
  std::int64_t row_sum(std::int64_t truth) const;
  std::int64_t column_sum(std::int64_t predicted) const;

  std::int64_t n_labels_;
  std::vector<std::int64_t> counts_;
};

}  // namespace minillama
