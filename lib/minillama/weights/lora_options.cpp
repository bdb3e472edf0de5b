#include "minillama/weights/lora_options.h"

#include <cmath>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/weights/adapter_kinds.h"
#include "minillama/weights/lora_json.h"

namespace minillama {
namespace {

AdapterOptions defaults() {
  return LoraOptions();
}

Json to_json(const AdapterOptions& any) {
  return lora_to_json(*any.as<LoraOptions>());
}

AdapterOptions read(const Json& json, const std::filesystem::path& path) {
  return read_lora(json, path);
}

Json to_peft(const AdapterOptions& any, PeftLinears linears) {
  return lora_to_peft(*any.as<LoraOptions>(), linears);
}

AdapterOptions read_peft(const Json& json, PeftLinears linears, const std::filesystem::path& path) {
  return read_peft_lora(json, linears, path);
}

void require_rank(std::int64_t rank, const std::string& what) {
  constexpr std::int64_t kLargestRank = 65536;
  if (rank >= 1 && rank <= kLargestRank) return;
  throw OptionError(
      fmt::format("lora: {} is {}, must lie between 1 and {}", what, rank, kLargestRank));
}

void require_finite(double alpha, const std::string& what) {
  if (!std::isfinite(alpha)) throw OptionError(fmt::format("lora: {} is {}", what, alpha));
}

}  // namespace

LoraInit lora_init(std::string_view text) {
  for (const auto init : {LoraInit::normal, LoraInit::pissa}) {
    if (to_string(init) == text) return init;
  }
  throw OptionError(fmt::format("init is {}, must be normal or pissa", quote(text)));
}

std::string_view to_string(LoraInit init) {
  return init == LoraInit::pissa ? "pissa" : "normal";
}

std::int64_t LoraOptions::rank_of(std::string_view linear) const {
  return value_for(linear, ranks, rank);
}

double LoraOptions::alpha_of(std::string_view linear) const {
  return value_for(linear, alphas, alpha);
}

double LoraOptions::scale_of(std::string_view linear) const {
  const auto r = static_cast<double>(rank_of(linear));
  return alpha_of(linear) / (rank_stabilized ? std::sqrt(r) : r);
}

LoraOptions LoraOptions::as_stored() const {
  LoraOptions stored = *this;
  if (init == LoraInit::normal) return stored;
  stored.init = LoraInit::normal;
  const double factor = rank_stabilized ? std::sqrt(2.0) : 2.0;  // scale_of() stays
  stored.rank *= 2;
  stored.alpha *= factor;
  for (auto& [unused, value] : stored.ranks) value *= 2;
  for (auto& [unused, value] : stored.alphas) value *= factor;
  return stored;
}

void LoraOptions::validate() const {
  require_rank(rank, "rank");
  require_finite(alpha, "alpha");
  for (const auto& [linear, value] : ranks) {
    require_rank(value, fmt::format("rank of {}", quote(linear)));
  }
  for (const auto& [linear, value] : alphas) {
    require_finite(value, fmt::format("alpha of {}", quote(linear)));
  }
  if (!(dropout >= 0 && dropout < 1)) {
    throw OptionError(fmt::format("lora: dropout is {}, must lie in [0, 1)", dropout));
  }
  if (targets.empty()) throw OptionError("lora: targets names no linear");
}

std::vector<AdapterTensor> LoraOptions::tensors(std::string_view linear) const {
  const auto r = rank_of(linear);
  return {{.name = "lora_A", .peft_name = "lora_A.weight", .shape = {r, kMatrixCols}},
          {.name = "lora_B", .peft_name = "lora_B.weight", .shape = {kMatrixRows, r}}};
}

std::vector<std::string> LoraOptions::exceptions() const {
  std::vector<std::string> names;
  for (const auto& [linear, unused] : ranks) names.push_back(linear);
  for (const auto& [linear, unused] : alphas) names.push_back(linear);
  return names;
}

LowRank LoraOptions::low_rank(std::string_view linear, const AdapterFloats& floats) const {
  return {.a = floats("lora_A"),
          .b = floats("lora_B"),
          .rank = static_cast<std::size_t>(rank_of(linear)),
          .scale = static_cast<float>(scale_of(linear))};
}

constinit const AdapterKind kLora = {.name = LoraOptions::kKind,
                                     .defaults = defaults,
                                     .to_json = to_json,
                                     .read = read,
                                     .peft_type = "LORA",
                                     .peft_flag = "",
                                     .to_peft = to_peft,
                                     .read_peft = read_peft};

}  // namespace minillama
