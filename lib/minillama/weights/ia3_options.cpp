#include "minillama/weights/ia3_options.h"

#include <algorithm>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/known_fields.h"
#include "minillama/weights/adapter_kinds.h"

namespace minillama {
namespace {

constexpr const char* kInputs = "feedforward_modules";

/// Those of PEFT's IA3Config. Which linears have an adapter is seen from the tensors.
const KnownFields kPeftFields = {
    .used = {"peft_type", kInputs, "base_model_name_or_path"},
    .harmless = {"task_type", "inference_mode", "target_modules", "exclude_modules",
                 "modules_to_save", "revision", "auto_mapping", "peft_version"},
    .neutral = {
        {"fan_in_fan_out", "false"}, {"init_ia3_weights", "true"}, {"init_ia3_weights", "false"}}};

AdapterOptions defaults() {
  return Ia3Options();
}

Json to_json(const AdapterOptions& any) {
  const auto& [targets, inputs] = *any.as<Ia3Options>();
  return {{"targets", targets}, {"inputs", inputs}};
}

AdapterOptions read(const Json& json, const std::filesystem::path& path) {
  const JsonObject fields(json, path);
  fields.allow_only({"targets", "inputs"});
  return Ia3Options{.targets = fields.strings("targets"), .inputs = fields.strings("inputs")};
}

/// Those of the linears that `is_input` names, as briefly as can be said.
std::vector<std::string> inputs_among(PeftLinears linears, std::string PeftLinear::*name,
                                      const auto& is_input) {
  std::map<std::string, bool> inputs;
  for (const auto& linear : linears) inputs.emplace(linear.*name, is_input(linear));
  std::vector<std::string> names;
  for (const auto& [shortest, unused] : by_shortest_name(inputs, false)) names.push_back(shortest);
  return names;
}

Json to_peft(const AdapterOptions& any, PeftLinears linears) {
  const auto& options = *any.as<Ia3Options>();
  const auto inputs = inputs_among(linears, &PeftLinear::peft_name, [&](const auto& linear) {
    return options.scales_input(linear.name);
  });
  return {{"target_modules", options.targets},
          {kInputs, inputs},
          {"fan_in_fan_out", false},
          {"inference_mode", true},
          {"init_ia3_weights", true}};
}

AdapterOptions read_peft(const Json& json, PeftLinears linears, const std::filesystem::path& path) {
  check_fields(json, kPeftFields, path);
  const JsonObject fields(json, path);
  std::optional<Pattern> pattern;
  std::vector<std::string> ends{"down_proj"};  // what PEFT takes unless it is told
  if (const auto found = json.find(kInputs); found != json.end() && found->is_string()) {
    const auto whole = fmt::format("\\A(?:{})\\z", fields.string(kInputs));
    pattern.emplace(TextPattern{.text = whole, .is_regex = true}, path);
  } else if (fields.has(kInputs)) {
    ends = fields.strings(kInputs);
  }
  const auto is_input = [&](const PeftLinear& linear) {
    if (pattern) {
      std::vector<TextSpan> matches;
      pattern->find_all(linear.peft_name, matches);
      return !matches.empty();
    }
    return std::ranges::any_of(ends,
                               [&](const auto& end) { return linear.peft_name.ends_with(end); });
  };
  return Ia3Options{.inputs = inputs_among(linears, &PeftLinear::name, is_input)};
}

}  // namespace

bool Ia3Options::scales_input(std::string_view linear) const {
  return std::ranges::any_of(inputs,
                             [&](const std::string& input) { return names_linear(input, linear); });
}

void Ia3Options::validate() const {
  if (targets.empty()) throw OptionError("ia3: targets names no linear");
}

std::vector<AdapterTensor> Ia3Options::tensors(std::string_view linear) const {
  AdapterTensor l{.name = "ia3_l", .peft_name = "ia3_l", .shape = {kMatrixRows}};
  l.peft_shape = {kMatrixRows, 1};
  if (scales_input(linear)) {
    l.shape = {kMatrixCols};
    l.peft_shape = {1, kMatrixCols};
  }
  return {l};
}

void Ia3Options::merge(std::string_view linear, const AdapterFloats& floats,
                       const DenseMatrix& matrix) const {
  const float* l = floats("ia3_l");
  const bool of_input = scales_input(linear);
  for (std::size_t i = 0; i < matrix.rows; ++i) {
    float* row = matrix.weight + i * matrix.cols;
    for (std::size_t j = 0; j < matrix.cols; ++j) row[j] *= l[of_input ? j : i];
    if (!of_input) matrix.bias[i] *= l[i];
  }
}

constinit const AdapterKind kIa3 = {.name = Ia3Options::kKind,
                                    .defaults = defaults,
                                    .to_json = to_json,
                                    .read = read,
                                    .peft_type = "IA3",
                                    .peft_flag = "",
                                    .to_peft = to_peft,
                                    .read_peft = read_peft};

}  // namespace minillama
