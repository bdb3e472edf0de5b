#include "minillama/eval/confusion_matrix.h"

#include <numeric>

#include "minillama/core/require.h"

namespace minillama {
namespace {

double share(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

ConfusionMatrix::ConfusionMatrix(std::int64_t n_labels) : n_labels_(n_labels) {
  constexpr std::int64_t kMost = 32768;
  require(n_labels >= 1 && n_labels <= kMost, "n_labels", n_labels, "lie between 1 and 32768");
  counts_.resize(static_cast<std::size_t>(n_labels * n_labels));
}

std::size_t ConfusionMatrix::place(std::int64_t truth, std::int64_t predicted) const {
  for (const auto label : {truth, predicted}) require_below(label, "label", n_labels_);
  return static_cast<std::size_t>(truth * n_labels_ + predicted);
}

void ConfusionMatrix::add(std::int64_t truth, std::int64_t predicted) {
  ++counts_[place(truth, predicted)];
}

std::int64_t ConfusionMatrix::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0});
}

std::int64_t ConfusionMatrix::count(std::int64_t truth, std::int64_t predicted) const {
  return counts_[place(truth, predicted)];
}

std::int64_t ConfusionMatrix::support(std::int64_t label) const {
  std::int64_t sum = 0;
  for (std::int64_t predicted = 0; predicted < n_labels_; ++predicted) {
    sum += count(label, predicted);
  }
  return sum;
}

std::int64_t ConfusionMatrix::n_predicted(std::int64_t label) const {
  std::int64_t sum = 0;
  for (std::int64_t truth = 0; truth < n_labels_; ++truth) sum += count(truth, label);
  return sum;
}

std::int64_t ConfusionMatrix::n_right() const {
  std::int64_t right = 0;
  for (std::int64_t label = 0; label < n_labels_; ++label) right += count(label, label);
  return right;
}

double ConfusionMatrix::accuracy() const {
  return share(n_right(), total());
}

double ConfusionMatrix::precision(std::int64_t label) const {
  return share(count(label, label), n_predicted(label));
}

double ConfusionMatrix::recall(std::int64_t label) const {
  return share(count(label, label), support(label));
}

double ConfusionMatrix::f1(std::int64_t label) const {
  return share(2 * count(label, label), support(label) + n_predicted(label));
}

double ConfusionMatrix::macro_f1() const {
  double sum = 0;
  int occurring = 0;
  for (std::int64_t label = 0; label < n_labels_; ++label) {
    if (support(label) + n_predicted(label) == 0) continue;
    sum += f1(label);
    ++occurring;
  }
  return occurring == 0 ? 0 : sum / occurring;
}

}  // namespace minillama
