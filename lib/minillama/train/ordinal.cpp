#include "minillama/train/ordinal.h"

#include "minillama/core/check.h"

namespace minillama {
namespace {

class Ordinal : public Objective {
 public:
  std::string name() const override { return "ordinal"; }
  torch::Tensor loss(const ObjectiveBatch& batch) override {
    if (batch.targets.defined()) throw OptionError("the ordinal objective knows no soft labels");
    return ordinal_loss(batch.model->classify(batch.pooled), batch.labels, batch.divisor,
                        batch.weights);
  }
};

}  // namespace

torch::Tensor ordinal_loss(const torch::Tensor& logits, const torch::Tensor& labels,
                           std::int64_t divisor, const torch::Tensor& weights) {
  require_shape(logits, "logits", {kAny, kAny});
  require_shape(labels, "labels", {logits.size(0)});
  require_device(labels, "labels", logits.device());
  require_ids(labels, "labels", 0, logits.size(1));
  require(divisor >= 1, "divisor", divisor, "be at least 1");
  const auto n_thresholds = logits.size(1) - 1;
  const auto log_p = logits.log_softmax(-1);
  // [B, L - 1]: at k, of the labels 0 to k, and of those from k + 1 on.
  const auto up_to = log_p.logcumsumexp(1).narrow(1, 0, n_thresholds);
  const auto above = log_p.flip(1).logcumsumexp(1).flip(1).narrow(1, 1, n_thresholds);
  const auto is_above = labels.unsqueeze(1) > torch::arange(n_thresholds, labels.options());
  auto losses = -torch::where(is_above, above, up_to).sum(1);
  if (weights.defined()) {
    require_shape(weights, "weights", {logits.size(0)});
    losses = losses * weights;
  }
  return losses.sum() / divisor;
}

std::shared_ptr<Objective> ordinal() {
  return std::make_shared<Ordinal>();
}

}  // namespace minillama
