#include "minillama/weights/bottleneck_options.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/known_fields.h"
#include "minillama/weights/adapter_kinds.h"

namespace minillama {
namespace {

constexpr const char* kWidth = "bottleneck_width";

/// The ends of a layer's sublayers. In the order of rows of other linears, which a file may change
/// (checkpoint/rotary_rows.h), D would have its columns.
constexpr std::array<std::string_view, 2> kEnds{"compute_output", "w2"};

/// Our own, in PEFT's manner. Which linears have an adapter is seen from the tensors.
const KnownFields kFields = {
    .used = {"peft_type", kWidth, "base_model_name_or_path"},
    .harmless = {"task_type", "inference_mode", "target_modules", "modules_to_save"},
    .neutral = {}};

AdapterOptions defaults() {
  return BottleneckOptions();
}

Json to_json(const AdapterOptions& any) {
  const auto& [width, targets] = *any.as<BottleneckOptions>();
  return {{"width", width}, {"targets", targets}};
}

AdapterOptions read(const Json& json, const std::filesystem::path& path) {
  const JsonObject fields(json, path);
  fields.allow_only({"width", "targets"});
  return BottleneckOptions{.width = fields.integer("width"), .targets = fields.strings("targets")};
}

Json to_peft(const AdapterOptions& any, PeftLinears /*linears*/) {
  const auto& [width, targets] = *any.as<BottleneckOptions>();
  return {{"target_modules", targets}, {kWidth, width}, {"inference_mode", true}};
}

AdapterOptions read_peft(const Json& json, PeftLinears /*linears*/,
                         const std::filesystem::path& path) {
  check_fields(json, kFields, path);
  return BottleneckOptions{.width = JsonObject(json, path).integer(kWidth)};
}

}  // namespace

void BottleneckOptions::validate() const {
  constexpr std::int64_t kWidest = 65536;
  if (width < 1 || width > kWidest) {
    throw OptionError(
        fmt::format("bottleneck: width is {}, must lie between 1 and {}", width, kWidest));
  }
  if (targets.empty()) throw OptionError("bottleneck: targets names no linear");
  for (const auto& target : targets) {
    const auto end = target.substr(target.rfind('.') + 1);
    if (std::ranges::find(kEnds, end) != kEnds.end()) continue;
    throw OptionError(fmt::format("bottleneck: target {} ends no sublayer, as {} and {} do",
                                  quote(target), kEnds[0], kEnds[1]));
  }
}

std::vector<AdapterTensor> BottleneckOptions::tensors(std::string_view /*linear*/) const {
  const auto tensor = [](std::string_view name, std::vector<std::int64_t> shape) {
    return AdapterTensor{.name = name, .peft_name = name, .shape = std::move(shape)};
  };
  return {tensor("bottleneck_down", {width, kMatrixRows}), tensor("bottleneck_down_bias", {width}),
          tensor("bottleneck_up", {kMatrixRows, width}),
          tensor("bottleneck_up_bias", {kMatrixRows})};
}

constinit const AdapterKind kBottleneck = {.name = BottleneckOptions::kKind,
                                           .defaults = defaults,
                                           .to_json = to_json,
                                           .read = read,
                                           .peft_type = "BOTTLENECK",
                                           .peft_flag = "",
                                           .to_peft = to_peft,
                                           .read_peft = read_peft};

}  // namespace minillama
