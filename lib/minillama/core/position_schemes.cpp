#include "minillama/core/position_schemes.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "minillama/core/alibi.h"
#include "minillama/core/error.h"
#include "minillama/core/model_config.h"

namespace minillama {
namespace {

constexpr std::array<PositionScheme, 4> kSchemes{{
    {.name = "rope", .rotates = true},
    {.name = "alibi", .slopes = alibi_slopes},
    {.name = "learned", .has_embeddings = true},
    {.name = "none"},
}};

}  // namespace

std::span<const PositionScheme> position_schemes() {
  return kSchemes;
}

const PositionScheme* find_position_scheme(std::string_view name) {
  const auto* found = std::ranges::find(kSchemes, name, &PositionScheme::name);
  return found == kSchemes.end() ? nullptr : found;
}

std::string position_scheme_names() {
  std::string names;
  for (std::size_t i = 0; i < kSchemes.size(); ++i) {
    names += i == 0 ? "" : i + 1 < kSchemes.size() ? ", " : " or ";
    names += kSchemes[i].name;
  }
  return names;
}

const PositionScheme& position_scheme(const ModelConfig& config) {
  if (const auto* scheme = find_position_scheme(config.positions)) return *scheme;
  throw OptionError(fmt::format("model config: positions is {}, must be {}",
                                quote(config.positions), position_scheme_names()));
}

void check_positions(const ModelConfig& config) {
  const PositionScheme& scheme = position_scheme(config);
  if (scheme.slopes != nullptr && config.attention != AttentionKind::causal) {
    throw OptionError(
        fmt::format("model config: positions {} need causal attention: their biases are of the "
                    "distance to what stands before a token",
                    scheme.name));
  }
  const bool is_scaled = config.rope_scaling.kind != "default";
  if (is_scaled && !scheme.rotates) {
    throw OptionError(
        fmt::format("model config: rope_scaling is of the kind {}, and positions {} do not rotate",
                    config.rope_scaling.kind, scheme.name));
  }
  const double share = config.rotary_share;
  if (share == 1) return;
  const auto fail = [&](std::string_view rule) {
    throw OptionError(fmt::format("model config: rotary_share is {}, must {}", share, rule));
  };
  if (!(share > 0 && share < 1)) fail("lie in (0, 1]");
  if (!scheme.rotates) fail(fmt::format("be 1 for positions {}", scheme.name));
  if (is_scaled) fail("be 1 where rope_scaling is of a kind");
  const double dimensions = share * static_cast<double>(config.head_dim);
  const double even = 2 * static_cast<double>(config.rotary_pairs());
  if (even < 2 || std::abs(dimensions - even) > 1e-6) {
    fail(fmt::format("give an even number of a head's {} dimensions, at least 2", config.head_dim));
  }
}

void require_positions(const ModelConfig& config, std::int64_t count) {
  const PositionScheme& scheme = position_scheme(config);
  if (scheme.rotates) require_rotary_positions(config, count);
  if (!scheme.has_embeddings || count <= config.max_seq_len) return;
  throw OptionError(fmt::format("{} positions of a model with {} positions of {}", count,
                                scheme.name, config.max_seq_len));
}

std::vector<double> score_slopes(const ModelConfig& config) {
  const PositionScheme& scheme = position_scheme(config);
  return scheme.slopes == nullptr ? std::vector<double>() : scheme.slopes(config.n_heads);
}

std::string other_than_rope(const ModelConfig& config) {
  const PositionScheme& scheme = position_scheme(config);
  if (!scheme.rotates) return fmt::format("positions of the kind {}", scheme.name);
  return config.rotary_share == 1 ? "" : fmt::format("rotary_share {}", config.rotary_share);
}

}  // namespace minillama
