#include "minillama/model/classifier.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/check.h"
#include "minillama/ops/precision.h"

namespace minillama {

ClassifierInput classifier_input(std::span<const TokenIds> sequences, PoolingKind pooling,
                                 std::int64_t pad_id) {
  require_lengths(lengths_of(sequences), 1);
  if (pooling != PoolingKind::padded_last) {
    return {concatenate(sequences), Sequences(lengths_of(sequences))};
  }
  const auto rows = pad_right(sequences, pad_id);
  return {rows.flatten(), Sequences::rectangle(rows.size(0), rows.size(1))};
}

ClassifierImpl::ClassifierImpl(Llama llama_, const ClassifierConfig& config,
                               torch::Generator generator)
    : config_(config) {
  config_.validate();
  require_module(llama_, "the classifier's Llama");
  llama = register_module("llama", std::move(llama_));
  const auto dim = llama->config().dim;
  classifier_head = register_module(
      "classifier_head", Linear(dim, std::ssize(config_.label_names), /*with_bias=*/true));
  classifier_head->reset_parameters(generator);
  classifier_head->to(llama->device(), llama->options().dtype().toScalarType());
  dropout_ = register_module("dropout", Dropout(config_.dropout, std::move(generator)));
}

void ClassifierImpl::reset_parameters(torch::Generator generator) {
  llama->reset_parameters(generator);
  classifier_head->reset_parameters(generator);
}

void ClassifierImpl::set_temperature(double temperature) {
  auto config = config_;
  config.temperature = temperature;
  config.validate();
  config_ = std::move(config);
}

void ClassifierImpl::reset() {
  llama = register_module("llama", Llama(*llama));
  classifier_head = register_module("classifier_head", Linear(*classifier_head));
  dropout_ = register_module("dropout", Dropout(*dropout_));
}

void ClassifierImpl::pretty_print(std::ostream& stream) const {
  stream << "minillama::Classifier(n_labels=" << config_.label_names.size()
         << ", pooling=" << to_string(config_.pooling) << ")";
}

torch::Tensor ClassifierImpl::forward(const ClassifierInput& input) {
  return classify(pooled(input));
}

torch::Tensor ClassifierImpl::pooled(const ClassifierInput& input) {
  const auto type = classifier_head->weight.scalar_type();
  if (config_.pooling != PoolingKind::mean) {
    return llama->forward_last(input.ids, input.sequences).to(type);
  }
  return pool(llama->forward_packed(input.ids, input.sequences), input.sequences);
}

torch::Tensor ClassifierImpl::pooled_perturbed(const ClassifierInput& input,
                                               const torch::Tensor& perturbation) {
  const auto embeddings = llama->tok_embeddings(input.ids) + perturbation;
  return pool(llama->forward_embedded(embeddings, input.sequences), input.sequences);
}

torch::Tensor ClassifierImpl::pool(const torch::Tensor& hidden, const Sequences& sequences) const {
  const auto states = hidden.to(classifier_head->weight.scalar_type());
  if (config_.pooling != PoolingKind::mean) {
    return states.index_select(0, sequences.last_tokens(states.device()));
  }
  const auto lengths = torch::tensor(sequences.lengths(), states.options());
  return sequences.to_rows(states).sum(1) / lengths.unsqueeze(1);
}

torch::Tensor ClassifierImpl::classify(const torch::Tensor& pooled) {
  // A product of a few rows: nothing is gained by rounding what decides.
  const PrecisionScope exact(Precision::float32, pooled.device());
  return classifier_head(dropout_(pooled));
}

}  // namespace minillama
