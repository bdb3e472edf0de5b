#include "minillama/model/merged_biases.h"

#include <map>
#include <string>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/weights/weights.h"

namespace minillama {
namespace {

const MatrixPart& part_of(std::string_view linear) {
  for (const auto& part : matrix_parts()) {
    if (linear.ends_with(fmt::format(".{}", part.name))) return part;
  }
  throw OptionError(fmt::format("{} is no linear of a layer", quote(linear)));
}

/// The config with the least that gives the part a bias.
ModelConfig with_bias(const MatrixPart& part, ModelConfig config) {
  ModelConfig with_qkv = config;
  with_qkv.qkv_bias = true;
  if (has_bias(part, with_qkv)) return with_qkv;
  config.output_bias = true;
  return config;
}

}  // namespace

void require_place_for_bias(std::string_view linear) {
  if (part_of(linear).has_bias != nullptr) return;
  throw OptionError(fmt::format(
      "an adapter's bias of {} cannot become part of the weights: models have biases in "
      "attention only",
      linear));
}

NamedTensors with_declared_biases(NamedTensors parameters, ModelConfig& config) {
  std::map<std::string, torch::Tensor> by_name(parameters.begin(), parameters.end());
  const auto for_each_linear = [&](const auto& visit) {
    for (std::int64_t i = 0; i < config.n_layers; ++i) {
      for (const auto& part : matrix_parts())
        visit(fmt::format("layers.{}.{}", i, part.name), part);
    }
  };
  for_each_linear([&](const std::string& linear, const MatrixPart& part) {
    if (has_bias(part, config) || by_name.count(linear + ".bias") == 0) return;
    require_place_for_bias(linear);
    config = with_bias(part, config);
  });
  for_each_linear([&](const std::string& linear, const MatrixPart& part) {
    if (!has_bias(part, config) || by_name.count(linear + ".bias") > 0) return;
    const auto& weight = by_name.at(linear + ".weight");
    parameters.emplace_back(linear + ".bias", torch::zeros({weight.size(0)}, weight.options()));
  });
  return parameters;
}

}  // namespace minillama
