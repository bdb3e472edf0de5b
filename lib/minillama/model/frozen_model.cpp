#include "minillama/model/frozen_model.h"

#include <map>

#include <fmt/format.h>

#include "minillama/checkpoint/tensor_match.h"
#include "minillama/core/check.h"
#include "minillama/model/stored_module.h"
#include "minillama/model/tensors.h"

namespace minillama {
namespace {

constexpr std::string_view kWeight = ".weight";

/// The modules of a language model by the names before those of their stored parameters.
std::map<std::string, std::shared_ptr<torch::nn::Module>> modules_by_name(LanguageModel& model) {
  std::map<std::string, std::shared_ptr<torch::nn::Module>> modules;
  for (const auto& item : model->llama->named_modules()) modules.emplace(item.key(), item.value());
  if (!model->output.is_empty()) modules.emplace("output", model->output.ptr());
  return modules;
}

/// Whether `module` has a matrix, which is now frozen.
bool freeze(torch::nn::Module& module, const TensorRecord& record, const StoredModel& stored,
            const WeightFormat* format) {
  const auto matrix = [&] {
    const auto as_it_lies = frozen_matrix(record, stored.file);
    return format == nullptr ? as_it_lies : converted(as_it_lies, *format);
  };
  if (auto* linear = module.as<LinearImpl>()) {
    linear->freeze(matrix());
  } else if (auto* embedding = module.as<EmbeddingImpl>()) {
    embedding->freeze(matrix());
  } else {
    return false;
  }
  return true;
}

}  // namespace

void assign_frozen(LanguageModel& model, const StoredModel& stored, const WeightFormat* format) {
  require_module(model, "the language model");
  require_device(model->llama->norm->weight, "a model with frozen weights", torch::kCPU);
  if (!stored.adapters.empty()) {
    throw FileError(stored.path, "has adapters, so its weights are not frozen: merge them first");
  }
  const auto parameters = stored_parameters(model);
  std::vector<NeededTensor> needed;
  for (const auto& [name, parameter] : parameters) {
    needed.push_back({name, parameter.sizes().vec()});
  }
  const auto records = match_tensors(needed, stored.tensors, stored.path);
  const auto modules = modules_by_name(model);
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    auto [name, parameter] = parameters[i];
    const auto module = name.substr(0, name.rfind('.'));
    if (records[i] == nullptr) {
      parameter.zero_();
    } else if (!name.ends_with(kWeight) ||
               !freeze(*modules.at(module), *records[i], stored, format)) {
      parameter.copy_(to_tensor(*records[i]));
    }
  }
}

NamedTensors frozen_bytes(const torch::nn::Module& module) {
  NamedTensors bytes;
  for (const auto& item : module.named_modules(/*name_prefix=*/{}, /*include_self=*/false)) {
    const auto add = [&](const FrozenMatrix& matrix) {
      if (matrix.defined()) bytes.emplace_back(item.key() + std::string(kWeight), matrix.bytes);
    };
    if (const auto* linear = item.value()->as<LinearImpl>()) add(linear->frozen());
    if (const auto* embedding = item.value()->as<EmbeddingImpl>()) add(embedding->frozen());
  }
  return bytes;
}

}  // namespace minillama
