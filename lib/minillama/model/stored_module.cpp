#include "minillama/model/stored_module.h"

#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "minillama/core/check.h"
#include "minillama/model/adapters.h"
#include "minillama/model/frozen_model.h"
#include "minillama/model/merged_biases.h"
#include "minillama/model/tensors.h"
#include "minillama/weights/weight_format.h"

namespace minillama {
namespace {

/// What keeps the bytes of stored tensors.
using Memory = std::vector<torch::Tensor>;

TensorRecord to_stored(const std::string& name, const torch::Tensor& parameter,
                       torch::ScalarType type, Memory& memory) {
  memory.push_back(parameter.detach().to(torch::kCPU, type).contiguous());
  return to_record(name, memory.back());
}

NamedTensors head_parameters(Classifier& model) {
  return {{"classifier_head.weight", model->classifier_head->weight},
          {"classifier_head.bias", model->classifier_head->bias}};
}

}  // namespace

void require_storable_as(torch::ScalarType type, const NamedTensors& parameters) {
  if (!torch::isFloatingType(type)) {
    throw OptionError(
        fmt::format("weights are to be stored as {}, must be real numbers", torch::toString(type)));
  }
  if (const auto* format = find_weight_format(dtype_of(type))) {
    require_storable(parameters, format->beyond);
  }
}

StoredModel to_stored(Llama& llama, const NamedTensors& parameters, torch::ScalarType type) {
  require_storable_as(type, parameters);
  if (!frozen_bytes(*llama).empty()) {
    throw OptionError("frozen weights are not stored anew: write the adapter beside them");
  }
  StoredModel stored{.config = llama->config()};
  auto memory = std::make_shared<Memory>();
  for (const auto& [name, parameter] : with_declared_biases(parameters, stored.config)) {
    if (is_adapter_parameter(name)) continue;
    stored.tensors.push_back(to_stored(name, parameter, type, *memory));
  }
  if (!is_merged(llama)) {
    for (const auto& [adapter, unused] : adapters_of(llama)) {
      const auto [options, tensors] = stored_adapter(llama, adapter);
      stored.adapters.emplace(adapter, options);
      for (const auto& [name, tensor] : tensors) {
        const auto dot = name.rfind('.');
        const auto within = fmt::format("{}.{}{}", name.substr(0, dot), adapter, name.substr(dot));
        stored.tensors.push_back(to_stored(within, tensor, type, *memory));
      }
    }
    stored.active_adapter = active_adapter(llama);
  }
  stored.file = std::move(memory);
  return stored;
}

NamedTensors stored_parameters(LanguageModel& model) {
  NamedTensors parameters = parameters_of(*model->llama);
  if (!model->output.is_empty()) parameters.emplace_back("output.weight", model->output->weight);
  return parameters;
}

StoredModel to_stored(LanguageModel& model, torch::ScalarType type) {
  require_module(model, "the language model");
  return to_stored(model->llama, stored_parameters(model), type);
}

StoredModel to_stored(Classifier& model, torch::ScalarType type) {
  require_module(model, "the classifier");
  const auto head = head_parameters(model);
  require_storable_as(type, head);
  StoredModel stored = to_stored(model->llama, parameters_of(*model->llama), type);
  stored.classifier = model->config();
  Memory memory;
  for (const auto& [name, parameter] : head) {
    stored.head.push_back(to_stored(name, parameter, type, memory));
  }
  stored.file = std::make_shared<std::pair<std::shared_ptr<const void>, Memory>>(
      std::move(stored.file), std::move(memory));
  return stored;
}

void assign_head(Classifier& model, const std::vector<TensorRecord>& head,
                 const std::filesystem::path& path) {
  auto parameters = head_parameters(model);
  if (head.size() < 2) {
    const torch::NoGradGuard no_grad;
    parameters.back().second.zero_();
    parameters.pop_back();
  }
  assign(parameters, head, path);
}

void add_stored_adapters(Llama& llama, const StoredModel& stored,
                         const torch::Generator& generator) {
  for (const auto& [name, options] : stored.adapters) {
    try {
      add_adapter(llama, name, options, generator);
    } catch (const OptionError& error) {
      throw FileError(stored.path, fmt::format("adapter {}: {}", quote(name), error.what()));
    }
  }
  activate_adapter(llama, stored.active_adapter);
}

}  // namespace minillama
