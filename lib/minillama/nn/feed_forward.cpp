#include "minillama/nn/feed_forward.h"

#include "minillama/ops/swiglu.h"

namespace minillama {

FeedForwardImpl::FeedForwardImpl(const ModelConfig& config, const torch::Generator& generator) {
  w1 = register_module("w1", Linear(config.dim, config.hidden_dim));
  w2 = register_module("w2", Linear(config.hidden_dim, config.dim));
  w3 = register_module("w3", Linear(config.dim, config.hidden_dim));
  dropout_ = register_module("dropout", Dropout(config.dropout, generator));
}

void FeedForwardImpl::reset() {
  w1 = register_module("w1", Linear(*w1));
  w2 = register_module("w2", Linear(*w2));
  w3 = register_module("w3", Linear(*w3));
  dropout_ = register_module("dropout", Dropout(*dropout_));
}

void FeedForwardImpl::pretty_print(std::ostream& stream) const {
  stream << "minillama::FeedForward";
}

torch::Tensor FeedForwardImpl::forward(const torch::Tensor& x) {
  return dropout_(w2(swiglu(w1(x), w3(x))));
}

}  // namespace minillama
