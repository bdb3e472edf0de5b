#include "minillama/train/r_drop.h"

#include <cmath>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/train/divergence.h"

namespace minillama {
namespace {

class RDrop : public Objective {
 public:
  RDrop(double alpha, const CrossEntropyOptions& options)
      : alpha_(alpha), options_(options), cross_entropy_(cross_entropy(options)) {
    if (std::isfinite(alpha) && alpha >= 0) return;
    throw OptionError(fmt::format("R-Drop's alpha is {}, must be 0 or positive", alpha));
  }

  std::string name() const override {
    return fmt::format("R-Drop {} of {}", alpha_, cross_entropy_->name());
  }

  std::int64_t n_passes() const override { return 2; }

  torch::Tensor loss(const ObjectiveBatch& batch) override {
    const auto logits = batch.model->classify(batch.pooled).chunk(2);
    auto loss = alpha_ / 2 * symmetric_divergence(logits[0], logits[1], batch);
    for (const auto& of_pass : logits) {
      loss = loss + classification_loss(of_pass, batch, options_);
    }
    return loss;
  }

 private:
  double alpha_;
  CrossEntropyOptions options_;
  std::shared_ptr<Objective> cross_entropy_;
};

}  // namespace

std::shared_ptr<Objective> r_drop(double alpha, const CrossEntropyOptions& options) {
  return std::make_shared<RDrop>(alpha, options);
}

}  // namespace minillama
