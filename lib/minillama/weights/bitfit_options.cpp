#include "minillama/weights/bitfit_options.h"

#include "minillama/core/error.h"
#include "minillama/io/known_fields.h"
#include "minillama/weights/adapter_kinds.h"

namespace minillama {
namespace {

/// Our own, in PEFT's manner. Which linears have an adapter is seen from the tensors.
const KnownFields kFields = {
    .used = {"peft_type", "base_model_name_or_path"},
    .harmless = {"task_type", "inference_mode", "target_modules", "modules_to_save"},
    .neutral = {}};

AdapterOptions defaults() {
  return BitfitOptions();
}

Json to_json(const AdapterOptions& any) {
  return {{"targets", any.targets()}};
}

AdapterOptions read(const Json& json, const std::filesystem::path& path) {
  const JsonObject fields(json, path);
  fields.allow_only({"targets"});
  return BitfitOptions{.targets = fields.strings("targets")};
}

Json to_peft(const AdapterOptions& any, PeftLinears /*linears*/) {
  return {{"target_modules", any.targets()}, {"inference_mode", true}};
}

AdapterOptions read_peft(const Json& json, PeftLinears /*linears*/,
                         const std::filesystem::path& path) {
  check_fields(json, kFields, path);
  return BitfitOptions();
}

}  // namespace

void BitfitOptions::validate() const {
  if (targets.empty()) throw OptionError("bitfit: targets names no linear");
}

std::vector<AdapterTensor> BitfitOptions::tensors(std::string_view /*linear*/) const {
  return {{.name = "bitfit_bias", .peft_name = "bitfit_bias", .shape = {kMatrixRows}}};
}

const float* BitfitOptions::added_bias(std::string_view /*linear*/,
                                       const AdapterFloats& floats) const {
  return floats("bitfit_bias");
}

constinit const AdapterKind kBitfit = {.name = BitfitOptions::kKind,
                                       .defaults = defaults,
                                       .to_json = to_json,
                                       .read = read,
                                       .peft_type = "BITFIT",
                                       .peft_flag = "",
                                       .to_peft = to_peft,
                                       .read_peft = read_peft};

}  // namespace minillama
