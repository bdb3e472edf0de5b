#include "minillama/model/stored_module.h"

#include <utility>

#include <fmt/format.h>

#include "minillama/core/check.h"
#include "minillama/model/adapters.h"
#include "minillama/model/frozen_model.h"
#include "minillama/model/tensors.h"
#include "minillama/weights/weight_format.h"

namespace minillama {

StoredModel to_stored(Llama& llama, const NamedTensors& parameters, torch::ScalarType type) {
  if (!torch::isFloatingType(type)) {
    throw OptionError(
        fmt::format("weights are to be stored as {}, must be real numbers", torch::toString(type)));
  }
  if (const auto* format = find_weight_format(dtype_of(type))) {
    require_storable(parameters, format->beyond);
  }
  if (!frozen_bytes(*llama).empty()) {
    throw OptionError("frozen weights are not stored anew: write the adapter beside them");
  }
  StoredModel stored{.config = llama->config()};
  const bool merged = is_merged(llama);
  if (!merged) {
    stored.adapters = adapters_of(llama);
    stored.active_adapter = active_adapter(llama);
  }
  auto memory = std::make_shared<std::vector<torch::Tensor>>();
  for (const auto& [name, parameter] : parameters) {
    if (merged && is_adapter_parameter(name)) continue;
    memory->push_back(parameter.detach().to(torch::kCPU, type).contiguous());
    stored.tensors.push_back(to_record(name, memory->back()));
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
