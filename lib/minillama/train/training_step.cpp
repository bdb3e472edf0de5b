#include "minillama/train/training_step.h"

#include <cmath>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {

torch::Tensor classification_loss(const torch::Tensor& logits, const torch::Tensor& labels,
                                  std::int64_t divisor) {
  const auto log_probabilities = logits.log_softmax(-1);
  return torch::nll_loss(log_probabilities, labels, /*weight=*/{}, at::Reduction::Sum) / divisor;
}

double training_step(Classifier& model, torch::optim::Optimizer& optimizer,
                     const Examples& examples, std::span<const std::size_t> indices,
                     std::int64_t divisor) {
  std::vector<TokenIds> sequences;
  std::vector<std::int64_t> labels;
  for (const auto index : indices) {
    sequences.push_back(examples.ids[index]);
    labels.push_back(examples.labels[index]);
  }
  const auto device = model->classifier_head->weight.device();
  auto input = classifier_input(sequences, model->config().pooling, examples.pad_id);
  input.ids = input.ids.to(device);

  model->zero_grad(/*set_to_none=*/true);
  const auto loss =
      classification_loss(model(input), torch::tensor(labels, torch::kLong).to(device), divisor);
  const auto value = loss.item<double>();
  if (!std::isfinite(value)) throw DivergedError(fmt::format("the loss became {}", value));
  loss.backward();
  optimizer.step();
  return value;
}

}  // namespace minillama
