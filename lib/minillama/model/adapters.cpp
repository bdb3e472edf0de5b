#include "minillama/model/adapters.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "minillama/adapters/make_adapter.h"
#include "minillama/core/check.h"
#include "minillama/model/merged_biases.h"

namespace minillama {
namespace {

/// The linears of the model under their full names.
std::vector<std::pair<std::string, LinearImpl*>> linears_of(Llama& llama) {
  require_module(llama, "the Llama");
  std::vector<std::pair<std::string, LinearImpl*>> linears;
  for (const auto& item : llama->named_modules()) {
    if (auto* linear = item.value()->as<LinearImpl>()) linears.emplace_back(item.key(), linear);
  }
  return linears;
}

void require_adapter(Llama& llama, const std::string& name) {
  if (adapters_of(llama).count(name) > 0) return;
  throw OptionError(fmt::format("the model has no adapter named {}", quote(name)));
}

/// Throws OptionError if the active adapter would leave behind a bias that no config speaks of.
void require_storable_bias(const std::string& full_name, LinearImpl& linear) {
  if (linear.active().empty()) return;
  const auto& adapter = *linear.adapters().at(linear.active());
  if (adapter.bias({}).defined()) require_place_for_bias(full_name);
}

}  // namespace

void add_adapter(Llama& llama, const std::string& name, const AdapterOptions& options,
                 const torch::Generator& generator) {
  options.validate();
  if (adapters_of(llama).count(name) > 0) {
    throw OptionError(fmt::format("the model has an adapter named {} already", quote(name)));
  }
  const auto linears = linears_of(llama);
  for (const auto& target : options.targets()) {
    if (std::ranges::none_of(linears,
                             [&](auto& item) { return names_linear(target, item.first); })) {
      throw OptionError(fmt::format("{}: target {} is the name of no linear of the model",
                                    options.kind(), quote(target)));
    }
  }
  std::vector<std::string> adapted;
  for (const auto& [full_name, unused] : linears) {
    if (adapts(options, full_name)) adapted.push_back(full_name);
  }
  require_exceptions(options, adapted);
  for (const auto& [full_name, linear] : linears) {
    if (!adapts(options, full_name)) continue;
    linear->add_adapter(name, make_adapter(linear->dense_weight(), options, generator, full_name));
  }
  activate_adapter(llama, name);
}

std::map<std::string, AdapterOptions> adapters_of(Llama& llama) {
  std::map<std::string, AdapterOptions> adapters;
  for (const auto& [unused, linear] : linears_of(llama)) {
    for (const auto& [name, adapter] : linear->adapters()) {
      adapters.emplace(name, adapter->options());
    }
  }
  return adapters;
}

void activate_adapter(Llama& llama, const std::string& name) {
  if (!name.empty()) require_adapter(llama, name);
  for (const auto& [unused, linear] : linears_of(llama)) linear->activate(name);
}

std::string active_adapter(Llama& llama) {
  for (const auto& [unused, linear] : linears_of(llama)) {
    if (!linear->active().empty()) return linear->active();
  }
  return "";
}

void merge_adapter(Llama& llama) {
  for (const auto& [unused, linear] : linears_of(llama)) linear->merge();
}

void unmerge_adapter(Llama& llama) {
  for (const auto& [unused, linear] : linears_of(llama)) linear->unmerge();
}

bool is_merged(Llama& llama) {
  return std::ranges::any_of(linears_of(llama),
                             [](auto& item) { return item.second->is_merged(); });
}

void absorb_adapter(Llama& llama) {
  for (const auto& [full_name, linear] : linears_of(llama))
    require_storable_bias(full_name, *linear);
  for (const auto& [unused, linear] : linears_of(llama)) linear->absorb();
}

NamedTensors adapter_parameters(Llama& llama, const std::string& name) {
  require_adapter(llama, name);
  NamedTensors parameters;
  for (const auto& [full_name, linear] : linears_of(llama)) {
    const auto found = linear->adapters().find(name);
    if (found == linear->adapters().end()) continue;
    for (const auto& [tensor, parameter] : parameters_of(found->second->module())) {
      parameters.emplace_back(fmt::format("{}.{}", full_name, tensor), parameter);
    }
  }
  return parameters;
}

Adapter::Stored stored_adapter(Llama& llama, const std::string& name) {
  require_adapter(llama, name);
  Adapter::Stored whole{adapters_of(llama).at(name), {}};
  for (const auto& [full_name, linear] : linears_of(llama)) {
    const auto found = linear->adapters().find(name);
    if (found == linear->adapters().end()) continue;
    auto [options, tensors] = found->second->stored();
    whole.options = options;
    for (auto& [tensor, value] : tensors) {
      whole.tensors.emplace_back(fmt::format("{}.{}", full_name, tensor), std::move(value));
    }
  }
  return whole;
}

void train_only_adapter(Llama& llama, const std::string& name) {
  const auto adapter = adapter_parameters(llama, name);
  for (auto& parameter : llama->parameters()) parameter.set_requires_grad(false);
  for (const auto& [unused, parameter] : adapter) parameter.set_requires_grad(true);
}

}  // namespace minillama
