#include "minillama/core/rotary_scaling.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/model_config.h"
#include "minillama/core/position_schemes.h"

namespace minillama {
namespace {

double unscaled(double frequency, std::size_t, const ModelConfig&) {
  return frequency;
}

double interpolated(double frequency, std::size_t, const ModelConfig& config) {
  return frequency / config.rope_scaling.factor;
}

double max_seq_len(const ModelConfig& config) {
  return static_cast<double>(config.max_seq_len);
}
double usual_beta_fast(const ModelConfig&) {
  return 32;
}
double usual_beta_slow(const ModelConfig&) {
  return 1;
}
double usual_attention_factor(const ModelConfig& config) {
  const double factor = config.rope_scaling.factor;
  return factor <= 1 ? 1 : 0.1 * std::log(factor) + 1;
}

/// The pair, in fractions, that turns so many times in the original context.
double pair_with_turns(double turns, const ModelConfig& config) {
  return static_cast<double>(config.head_dim) *
         std::log(config.rope_scaling.original_context / (turns * 2 * std::numbers::pi)) /
         (2 * std::log(config.rope_theta));
}

double yarn(double frequency, std::size_t i, const ModelConfig& config) {
  const RotaryScaling& scaling = config.rope_scaling;
  const double low = std::max(std::floor(pair_with_turns(scaling.beta_fast, config)), 0.0);
  double high = std::min(std::ceil(pair_with_turns(scaling.beta_slow, config)),
                         static_cast<double>(config.head_dim - 1));
  if (high == low) high += 0.001;  // as in transformers: the step is a steep ramp
  const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
  return frequency / scaling.factor * ramp + frequency * (1 - ramp);
}

void check_yarn(const ModelConfig& config) {
  if (config.rope_theta > 1) return;
  throw OptionError(
      fmt::format("model config: rope_theta is {}, must be above 1 for yarn", config.rope_theta));
}

double llama3(double frequency, std::size_t, const ModelConfig& config) {
  const RotaryScaling& scaling = config.rope_scaling;
  const double turns = scaling.original_context * frequency / (2 * std::numbers::pi);
  const double unchanged =
      (turns - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
  if (unchanged >= 1) return frequency;
  if (unchanged <= 0) return frequency / scaling.factor;
  return frequency / scaling.factor * (1 - unchanged) + frequency * unchanged;
}

void check_llama3(const ModelConfig& config) {
  const RotaryScaling& scaling = config.rope_scaling;
  if (scaling.high_freq_factor > scaling.low_freq_factor) return;
  throw OptionError(
      fmt::format("model config: rope_scaling.high_freq_factor is {}, must be above the "
                  "low_freq_factor {}",
                  scaling.high_freq_factor, scaling.low_freq_factor));
}

double divided(double frequency, std::size_t i, const ModelConfig& config) {
  return frequency / config.rope_scaling.divisors[i];
}

void check_divisors(const ModelConfig& config) {
  const auto& divisors = config.rope_scaling.divisors;
  if (std::ssize(divisors) != config.head_dim / 2) {
    throw OptionError(
        fmt::format("model config: rope_scaling.divisors are {}, must be {}, one for "
                    "each pair of a head",
                    divisors.size(), config.head_dim / 2));
  }
  for (const double divisor : divisors) {
    if (std::isfinite(divisor) && divisor > 0) continue;
    throw OptionError(
        fmt::format("model config: rope_scaling.divisors hold {}, must be positive", divisor));
  }
}

constexpr RotaryField kFactor{"factor", &RotaryScaling::factor, nullptr};
constexpr std::string_view kOriginal = "original_max_position_embeddings";

constexpr std::array kFactorAlone{kFactor};
constexpr std::array kYarn{
    kFactor, RotaryField{kOriginal, &RotaryScaling::original_context, max_seq_len},
    RotaryField{"beta_fast", &RotaryScaling::beta_fast, usual_beta_fast},
    RotaryField{"beta_slow", &RotaryScaling::beta_slow, usual_beta_slow},
    RotaryField{"attention_factor", &RotaryScaling::attention_factor, usual_attention_factor}};
constexpr std::array kLlama3{
    kFactor, RotaryField{kOriginal, &RotaryScaling::original_context, nullptr},
    RotaryField{"low_freq_factor", &RotaryScaling::low_freq_factor, nullptr},
    RotaryField{"high_freq_factor", &RotaryScaling::high_freq_factor, nullptr}};

constexpr std::array<RotaryKind, 6> kKinds{{
    {.name = "default", .fields = {}, .scaled = unscaled},
    {.name = "linear", .fields = kFactorAlone, .scaled = interpolated},
    {.name = "dynamic", .fields = kFactorAlone, .scaled = unscaled, .ends_with_context = true},
    {.name = "yarn", .fields = kYarn, .scaled = yarn, .check = check_yarn},
    {.name = "llama3", .fields = kLlama3, .scaled = llama3, .check = check_llama3},
    {.name = "divisors", .fields = {}, .scaled = divided, .check = check_divisors},
}};

}  // namespace

std::span<const RotaryKind> rotary_kinds() {
  return kKinds;
}

const RotaryKind* find_rotary_kind(std::string_view name) {
  const auto* found = std::ranges::find(kKinds, name, &RotaryKind::name);
  return found == kKinds.end() ? nullptr : found;
}

RotaryScaling resolved_scaling(const ModelConfig& config) {
  const RotaryKind* kind = find_rotary_kind(config.rope_scaling.kind);
  if (kind == nullptr) {
    throw OptionError(
        fmt::format("model config: rope_scaling is of the kind {}, which is not known",
                    quote(config.rope_scaling.kind)));
  }
  ModelConfig copy = config;
  RotaryScaling of_the_kind{.kind = config.rope_scaling.kind};
  if (kind->scaled == divided) of_the_kind.divisors = config.rope_scaling.divisors;
  for (const RotaryField& field : kind->fields) {
    of_the_kind.*field.value = config.rope_scaling.*field.value;
  }
  if (of_the_kind != config.rope_scaling) {
    throw OptionError(fmt::format(
        "model config: rope_scaling holds numbers that the kind {} does not have", kind->name));
  }
  for (const RotaryField& field : kind->fields) {
    double& value = copy.rope_scaling.*field.value;
    if (value == 0 && field.otherwise != nullptr) value = field.otherwise(copy);
    if (std::isfinite(value) && value > 0) continue;
    throw OptionError(
        fmt::format("model config: rope_scaling.{} is {}, must be positive", field.name, value));
  }
  if (kind->check != nullptr) kind->check(copy);
  return copy.rope_scaling;
}

RotaryFrequencies rotary_frequencies(const ModelConfig& given) {
  const ModelConfig config = given.resolved();
  if (!position_scheme(config).rotates) return {};
  const RotaryKind& kind = *find_rotary_kind(config.rope_scaling.kind);
  const auto pairs = static_cast<std::size_t>(config.rotary_pairs());
  const auto width = static_cast<double>(2 * pairs);
  RotaryFrequencies frequencies;
  frequencies.per_position.reserve(static_cast<std::size_t>(config.head_dim / 2));
  for (std::size_t i = 0; i < pairs; ++i) {
    const double exponent = -2.0 * static_cast<double>(i) / width;
    frequencies.per_position.push_back(
        kind.scaled(std::pow(config.rope_theta, exponent), i, config));
  }
  frequencies.per_position.resize(static_cast<std::size_t>(config.head_dim / 2));
  if (const double scale = config.rope_scaling.attention_factor; scale != 0) {
    frequencies.scale = scale;
  }
  return frequencies;
}

void require_rotary_positions(const ModelConfig& config, std::int64_t count) {
  if (count <= config.max_seq_len) return;
  const RotaryKind& kind = *find_rotary_kind(config.rope_scaling.kind);
  if (!kind.ends_with_context) return;
  throw OptionError(
      fmt::format("{} positions of a model of {}, beyond which rope_scaling of the "
                  "kind {} is not supported",
                  count, config.max_seq_len, kind.name));
}

}  // namespace minillama
