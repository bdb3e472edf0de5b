#include "minillama/model/module_weights.h"

#include <algorithm>
#include <utility>

#include "minillama/core/check.h"
#include "minillama/core/named_tensors.h"
#include "minillama/model/adapters.h"
#include "minillama/model/frozen_model.h"

namespace minillama {
namespace {

/// The parameters of a model by name, detached: the tensors of the module itself may be given other
/// memory.
class DetachedParameters {
 public:
  explicit DetachedParameters(const torch::nn::Module& module)
      : tensors_(std::make_shared<std::map<std::string, torch::Tensor>>()) {
    for (const auto& [name, parameter] : parameters_of(module)) {
      tensors_->emplace(name, parameter.detach());
    }
  }

  Matrix matrix(const std::string& name) const {
    const auto& weight = tensors_->at(name + ".weight");
    return {.rows = static_cast<std::size_t>(weight.size(0)),
            .cols = static_cast<std::size_t>(weight.size(1)),
            .format = &weight_format(DType::float32),
            .data = static_cast<const std::byte*>(weight.data_ptr()),
            .bias = bias(name)};
  }

  NormWeights norm(const std::string& name) const {
    return {tensors_->at(name + ".weight").data_ptr<float>(), bias(name)};
  }

  std::shared_ptr<const void> memory() const { return tensors_; }

 private:
  const float* bias(const std::string& name) const {
    const auto bias = tensors_->find(name + ".bias");
    return bias == tensors_->end() ? nullptr : bias->second.data_ptr<float>();
  }

  std::shared_ptr<std::map<std::string, torch::Tensor>> tensors_;
};

}  // namespace

bool suits_engine(LanguageModel& model) {
  require_module(model, "the language model");
  const bool plain = std::ranges::all_of(model->parameters(), [](const torch::Tensor& parameter) {
    return parameter.is_cpu() && parameter.scalar_type() == torch::kFloat &&
           parameter.is_contiguous();
  });
  const bool adapted = !active_adapter(model->llama).empty() && !is_merged(model->llama);
  return plain && !adapted && frozen_bytes(*model).empty() &&
         model->config().attention == AttentionKind::causal;
}

Weights weights_of(LanguageModel& model) {
  if (!suits_engine(model)) {
    throw OptionError(
        "an engine needs a causal model in float32 on the CPU, nothing frozen, its adapter merged");
  }
  const DetachedParameters parameters(*model->llama);
  const DetachedParameters head(*model);
  const auto n_layers = static_cast<std::size_t>(model->config().n_layers);
  Weights weights{.config = model->config(),
                  .embeddings = parameters.matrix("tok_embeddings"),
                  .layers = std::vector<LayerWeights>(n_layers),
                  .norm = parameters.norm("norm")};
  if (!model->llama->position_embeddings.is_empty()) {
    weights.position_embeddings = parameters.matrix("position_embeddings");
  }
  weights.head = model->output.is_empty() ? weights.embeddings : head.matrix("output");
  for (std::size_t i = 0; i < n_layers; ++i) {
    const auto name = [&](std::string_view part) { return fmt::format("layers.{}.{}", i, part); };
    auto& layer = weights.layers[i];
    for (const auto& part : matrix_parts()) layer.*part.matrix = parameters.matrix(name(part.name));
    for (const auto& part : norm_parts()) {
      if (is_present(part, model->config())) layer.*part.norm = parameters.norm(name(part.name));
    }
  }
  weights.memory =
      std::make_shared<std::pair<std::shared_ptr<const void>, std::shared_ptr<const void>>>(
          parameters.memory(), head.memory());
  return weights;
}

}  // namespace minillama
