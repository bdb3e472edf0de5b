#include "minillama/train/cross_entropy.h"

#include "minillama/core/check.h"

namespace minillama {
namespace {

class CrossEntropy : public Objective {
 public:
  std::string name() const override { return "cross entropy"; }
  torch::Tensor loss(const ObjectiveBatch& batch) override {
    return classification_loss(batch.model->classify(batch.pooled), batch.labels, batch.divisor);
  }
};

}  // namespace

torch::Tensor classification_loss(const torch::Tensor& logits, const torch::Tensor& labels,
                                  std::int64_t divisor) {
  require_shape(logits, "logits", {kAny, kAny});
  require_shape(labels, "labels", {logits.size(0)});
  require_device(labels, "labels", logits.device());
  require_ids(labels, "labels", 0, logits.size(1));
  require(divisor >= 1, "divisor", divisor, "be at least 1");
  const auto log_probabilities = logits.log_softmax(-1);
  return torch::nll_loss(log_probabilities, labels, /*weight=*/{}, at::Reduction::Sum) / divisor;
}

std::shared_ptr<Objective> cross_entropy() {
  return std::make_shared<CrossEntropy>();
}

}  // namespace minillama
