#include "minillama/train/cross_entropy.h"

#include <fmt/format.h>

#include "minillama/core/check.h"

namespace minillama {
namespace {

void check(const CrossEntropyOptions& options) {
  if (options.label_smoothing >= 0 && options.label_smoothing < 1) return;
  throw OptionError(
      fmt::format("label_smoothing is {}, must lie in [0, 1)", options.label_smoothing));
}

/// Of the examples' losses [B], smoothed, that count as `weights` say, if they are defined.
torch::Tensor weighted_sum(torch::Tensor losses, const torch::Tensor& log_probabilities,
                           const torch::Tensor& weights, const CrossEntropyOptions& options) {
  if (options.label_smoothing > 0) {
    losses = torch::lerp(losses, -log_probabilities.mean(-1), options.label_smoothing);
  }
  if (!weights.defined()) return losses.sum();
  require_shape(weights, "weights", {losses.size(0)});
  return (losses * weights).sum();
}

class CrossEntropy : public Objective {
 public:
  explicit CrossEntropy(const CrossEntropyOptions& options) : options_(options) { check(options_); }

  std::string name() const override {
    if (options_.label_smoothing == 0) return "cross entropy";
    return fmt::format("cross entropy with label smoothing {}", options_.label_smoothing);
  }

  torch::Tensor loss(const ObjectiveBatch& batch) override {
    return classification_loss(batch.model->classify(batch.pooled), batch, options_);
  }

 private:
  CrossEntropyOptions options_;
};

}  // namespace

torch::Tensor classification_loss(const torch::Tensor& logits, const torch::Tensor& labels,
                                  std::int64_t divisor, const torch::Tensor& weights,
                                  const CrossEntropyOptions& options) {
  require_shape(logits, "logits", {kAny, kAny});
  require_shape(labels, "labels", {logits.size(0)});
  require_device(labels, "labels", logits.device());
  require_ids(labels, "labels", 0, logits.size(1));
  require(divisor >= 1, "divisor", divisor, "be at least 1");
  check(options);
  const auto log_probabilities = logits.log_softmax(-1);
  const bool is_plain = !weights.defined() && options.label_smoothing == 0;
  if (is_plain) {
    return torch::nll_loss(log_probabilities, labels, /*weight=*/{}, at::Reduction::Sum) / divisor;
  }
  const auto losses = -log_probabilities.gather(1, labels.unsqueeze(1)).squeeze(1);  // [B]
  return weighted_sum(losses, log_probabilities, weights, options) / divisor;
}

torch::Tensor soft_classification_loss(const torch::Tensor& logits, const torch::Tensor& targets,
                                       std::int64_t divisor, const torch::Tensor& weights,
                                       const CrossEntropyOptions& options) {
  require_shape(logits, "logits", {kAny, kAny});
  require_shape(targets, "targets", {logits.size(0), logits.size(1)});
  require_device(targets, "targets", logits.device());
  require(divisor >= 1, "divisor", divisor, "be at least 1");
  check(options);
  const auto log_probabilities = logits.log_softmax(-1);
  const auto losses = -(targets * log_probabilities).sum(-1);  // [B]
  return weighted_sum(losses, log_probabilities, weights, options) / divisor;
}

torch::Tensor classification_loss(const torch::Tensor& logits, const ObjectiveBatch& batch,
                                  const CrossEntropyOptions& options) {
  return batch.targets.defined()
             ? soft_classification_loss(logits, batch.targets, batch.divisor, batch.weights,
                                        options)
             : classification_loss(logits, batch.labels, batch.divisor, batch.weights, options);
}

std::shared_ptr<Objective> cross_entropy(const CrossEntropyOptions& options) {
  return std::make_shared<CrossEntropy>(options);
}

}  // namespace minillama
