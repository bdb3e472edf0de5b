#include "minillama/weights/prefix_options.h"

#include <algorithm>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/known_fields.h"
#include "minillama/weights/adapter_kinds.h"

namespace minillama {
namespace {

constexpr const char* kTokens = "num_virtual_tokens";
constexpr std::string_view kKeys = "compute_key";
constexpr std::string_view kValues = "compute_value";

/// Those of PEFT's PrefixTuningConfig. The sizes are checked beside the tensor
/// (checkpoint/peft_prefix.h).
const KnownFields kPeftFields = {
    .used = {"peft_type", kTokens, "base_model_name_or_path"},
    .harmless = {"task_type", "inference_mode", "revision", "auto_mapping", "peft_version",
                 "modules_to_save", "token_dim", "num_attention_heads", "num_layers",
                 "encoder_hidden_size", "init_weights"},
    .neutral = {{"prefix_projection", "false"}, {"num_transformer_submodules", "1"}}};

AdapterOptions defaults() {
  return PrefixOptions();
}

Json to_json(const AdapterOptions& any) {
  const auto& [n, targets] = *any.as<PrefixOptions>();
  return {{"virtual_tokens", n}, {"targets", targets}};
}

AdapterOptions read(const Json& json, const std::filesystem::path& path) {
  const JsonObject fields(json, path);
  fields.allow_only({"virtual_tokens", "targets"});
  return PrefixOptions{.n_virtual_tokens = fields.integer("virtual_tokens"),
                       .targets = fields.strings("targets")};
}

Json to_peft(const AdapterOptions& any, PeftLinears /*linears*/) {
  return {{kTokens, any.as<PrefixOptions>()->n_virtual_tokens},
          {"num_transformer_submodules", 1},
          {"prefix_projection", false},
          {"inference_mode", true}};
}

AdapterOptions read_peft(const Json& json, PeftLinears /*linears*/,
                         const std::filesystem::path& path) {
  check_fields(json, kPeftFields, path);
  return PrefixOptions{.n_virtual_tokens = JsonObject(json, path).integer(kTokens)};
}

/// "layers.0.attention.compute_key" for "layers.0.attention.compute_value", and the reverse.
std::string counterpart(const std::string& target) {
  const auto dot = target.rfind('.');
  const auto begin = dot == std::string::npos ? 0 : dot + 1;
  const auto end = target.substr(begin);
  if (end == kKeys) return target.substr(0, begin).append(kValues);
  if (end == kValues) return target.substr(0, begin).append(kKeys);
  throw OptionError(fmt::format("prefix: target {} makes neither keys nor values", quote(target)));
}

}  // namespace

void PrefixOptions::validate() const {
  constexpr std::int64_t kMost = 65536;
  if (n_virtual_tokens < 1 || n_virtual_tokens > kMost) {
    throw OptionError(
        fmt::format("prefix: the number of virtual tokens is {}, must lie between 1 "
                    "and {}",
                    n_virtual_tokens, kMost));
  }
  if (targets.empty()) throw OptionError("prefix: targets names no linear");
  for (const auto& target : targets) {
    if (std::ranges::find(targets, counterpart(target)) != targets.end()) continue;
    throw OptionError(fmt::format("prefix: target {} needs {} beside it", quote(target),
                                  quote(counterpart(target))));
  }
}

std::vector<AdapterTensor> PrefixOptions::tensors(std::string_view /*linear*/) const {
  return {{.name = "prefix", .peft_name = "prefix", .shape = {kMatrixRows, n_virtual_tokens}}};
}

constinit const AdapterKind kPrefix = {.name = PrefixOptions::kKind,
                                       .defaults = defaults,
                                       .to_json = to_json,
                                       .read = read,
                                       .peft_type = "PREFIX_TUNING",
                                       .peft_flag = "",
                                       .to_peft = to_peft,
                                       .read_peft = read_peft};

}  // namespace minillama
