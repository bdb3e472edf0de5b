#include "minillama/checkpoint/gguf_rotary.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/weights/weight_format.h"

namespace minillama {
namespace {

/// Of yarn, where nothing else is said: what llama.cpp multiplies its attn_factor with.
double usual_attention_factor(const ModelConfig& config) {
  ModelConfig usual = config;
  usual.rope_scaling.attention_factor = 0;
  return resolved_scaling(usual).attention_factor;
}

/// What the frequencies of pairs are divided by, all in all.
std::vector<double> divisors_of(const ModelConfig& config) {
  ModelConfig plain = config;
  plain.rope_scaling = {};
  auto divisors = rotary_frequencies(plain).per_position;
  const auto scaled = rotary_frequencies(config).per_position;
  for (std::size_t i = 0; i < divisors.size(); ++i) divisors[i] /= scaled[i];
  return divisors;
}

/// Llama 3.1 and 3.2 differ in the factor alone, which the slowest pair has.
RotaryScaling recognized(const std::vector<double>& divisors, const ModelConfig& config) {
  constexpr double kNear = 1e-5;
  ModelConfig candidate = config;
  candidate.rope_scaling = {.kind = "llama3",
                            .factor = std::round(divisors.back()),
                            .original_context = 8192,
                            .low_freq_factor = 1,
                            .high_freq_factor = 4};
  if (candidate.rope_scaling.factor > 1 &&
      std::ranges::equal(divisors_of(candidate), divisors,
                         [](double a, double b) { return std::abs(a - b) <= kNear * b; })) {
    return candidate.rope_scaling;
  }
  return {.kind = "divisors", .divisors = divisors};
}

RotaryScaling read_divisors(const GgufFile& file, const TensorRecord& record,
                            const ModelConfig& config) {
  const auto refuse = [&](std::string_view problem) {
    throw FileError(file.path(), fmt::format("tensor {} {}", quote(kGgufDivisors), problem));
  };
  if (record.shape != std::vector{config.head_dim / 2} || block_size(record.dtype) > 1) {
    refuse(fmt::format("must be {} numbers, one for each pair of a head", config.head_dim / 2));
  }
  std::vector<float> numbers(static_cast<std::size_t>(element_count(record)));
  to_floats(record, numbers.data());
  for (const float number : numbers) {
    if (!std::isfinite(number) || number <= 0) {
      refuse(fmt::format("holds {}, must be positive", number));
    }
  }
  return recognized({numbers.begin(), numbers.end()}, config);
}

}  // namespace

RotaryScaling read_gguf_rotary(const GgufFile& file, std::string_view architecture,
                               const ModelConfig& config) {
  const auto key = [&](std::string_view name) {
    return fmt::format("{}.rope.{}", architecture, name);
  };
  const auto refuse = [&](const std::string& name, std::string_view problem) {
    throw FileError(file.path(),
                    fmt::format("scales its rotary positions: {} {}", quote(name), problem));
  };
  const auto positive_or = [&](std::string_view name, double otherwise) {
    if (!file.has(key(name))) return otherwise;
    const double number = file.number(key(name));
    if (!std::isfinite(number) || number <= 0) {
      refuse(key(name), fmt::format("is {}, must be a positive number", number));
    }
    return number;
  };
  // 0 stands for no factor, as in llama.cpp.
  const auto factor_or_1 = [&](std::string_view name) {
    return file.has(key(name)) && file.number(key(name)) == 0 ? 1 : positive_or(name, 1);
  };
  const auto type_key = key("scaling.type");
  const std::string type(file.has(type_key) ? file.text(type_key) : "linear");
  if (type != "none" && type != "linear" && type != "yarn") {
    refuse(type_key, fmt::format("is {}, which is not supported", quote(type)));
  }
  const double factor =
      factor_or_1(file.has(key("scaling.factor")) ? "scaling.factor" : "scale_linear");
  const double attention = factor_or_1("scaling.attn_factor");
  const auto divisors = std::ranges::find(file.tensors(), kGgufDivisors, &TensorRecord::name);

  if (type == "yarn") {
    if (divisors != file.tensors().end()) refuse(type_key, "is \"yarn\" beside rope_freqs");
    ModelConfig scaled = config;
    scaled.rope_scaling = {.kind = "yarn",
                           .factor = factor,
                           .beta_fast = positive_or("scaling.yarn_beta_fast", 32),
                           .beta_slow = positive_or("scaling.yarn_beta_slow", 1)};
    if (const auto original = key("scaling.original_context_length"); file.has(original)) {
      scaled.rope_scaling.original_context = static_cast<double>(file.integer(original));
    }
    scaled.rope_scaling.attention_factor = usual_attention_factor(scaled) * attention;
    return scaled.rope_scaling;
  }
  if (attention != 1) {
    refuse(key("scaling.attn_factor"), fmt::format("is {}, which only yarn may have", attention));
  }
  const bool is_linear = type == "linear" && factor != 1;
  if (divisors != file.tensors().end()) {
    if (is_linear) refuse(type_key, fmt::format("is linear by {} beside rope_freqs", factor));
    return read_divisors(file, *divisors, config);
  }
  if (is_linear) return {.kind = "linear", .factor = factor};
  return {};
}

std::vector<std::pair<std::string, GgufValue>> gguf_rotary_metadata(const ModelConfig& config,
                                                                    std::string_view architecture) {
  const RotaryScaling& scaling = config.rope_scaling;
  std::vector<std::pair<std::string, GgufValue>> entries;
  const auto add = [&](std::string_view name, GgufValue value) {
    entries.emplace_back(fmt::format("{}.rope.scaling.{}", architecture, name), std::move(value));
  };
  if (scaling.kind == "dynamic") {
    throw OptionError("a GGUF file cannot have rope_scaling of the kind dynamic");
  }
  if (scaling.kind != "linear" && scaling.kind != "yarn") return entries;
  add("type", scaling.kind);
  add("factor", static_cast<float>(scaling.factor));
  if (scaling.kind == "linear") return entries;
  add("original_context_length", static_cast<std::uint32_t>(scaling.original_context));
  if (scaling.beta_fast != 32) add("yarn_beta_fast", static_cast<float>(scaling.beta_fast));
  if (scaling.beta_slow != 1) add("yarn_beta_slow", static_cast<float>(scaling.beta_slow));
  if (const double attention = scaling.attention_factor / usual_attention_factor(config);
      attention != 1) {
    add("attn_factor", static_cast<float>(attention));
  }
  return entries;
}

std::vector<float> gguf_divisors(const ModelConfig& config) {
  if (config.rope_scaling.kind != "llama3" && config.rope_scaling.kind != "divisors") return {};
  const auto divisors = divisors_of(config);
  return {divisors.begin(), divisors.end()};
}

}  // namespace minillama
