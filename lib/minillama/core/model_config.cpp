#include "minillama/core/model_config.h"

#include <cmath>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/position_schemes.h"

namespace minillama {
namespace {

// Far above any model that fits a machine, and small enough that no product of two overflows.
constexpr std::int64_t kLargest = std::int64_t{1} << 30;

void require_between(std::string_view field, std::int64_t value, std::int64_t least,
                     std::int64_t most) {
  if (value < least || value > most) {
    throw OptionError(fmt::format("model config: {} is {}, must lie between {} and {}", field,
                                  value, least, most));
  }
}

void require(bool holds, std::string_view field, double value, std::string_view rule) {
  if (!holds) throw OptionError(fmt::format("model config: {} is {}, must {}", field, value, rule));
}

}  // namespace

ModelConfig ModelConfig::resolved() const {
  require_between("dim", dim, 2, kLargest);
  require_between("n_layers", n_layers, 1, 4096);
  require_between("n_heads", n_heads, 1, dim);
  require_between("head_dim", head_dim, 0, kLargest / n_heads);
  require_between("n_kv_heads", n_kv_heads, 0, n_heads);
  require_between("hidden_dim", hidden_dim, 0, kLargest);
  require_between("multiple_of", multiple_of, 1, kLargest);
  require_between("vocab_size", vocab_size, 1, kLargest);
  require_between("max_seq_len", max_seq_len, 1, kLargest);
  require(std::isfinite(norm_eps) && norm_eps > 0, "norm_eps", norm_eps, "be positive");
  require(std::isfinite(rope_theta) && rope_theta > 0, "rope_theta", rope_theta, "be positive");
  require(dropout >= 0 && dropout < 1, "dropout", dropout, "lie in [0, 1)");

  ModelConfig config = *this;
  if (config.n_kv_heads == 0) config.n_kv_heads = n_heads;
  if (config.hidden_dim == 0) {
    const std::int64_t two_thirds = 8 * dim / 3;
    config.hidden_dim = (two_thirds + multiple_of - 1) / multiple_of * multiple_of;
  }
  if (head_dim == 0 && (dim % n_heads != 0 || dim / n_heads % 2 != 0)) {
    throw OptionError(
        fmt::format("model config: dim {} over n_heads {} gives no even head width", dim, n_heads));
  }
  if (head_dim % 2 != 0) {
    throw OptionError(fmt::format("model config: head_dim is {}, must be even", head_dim));
  }
  if (head_dim == 0) config.head_dim = dim / n_heads;
  if (n_heads % config.n_kv_heads != 0) {
    throw OptionError(fmt::format("model config: n_kv_heads {} does not divide n_heads {}",
                                  config.n_kv_heads, n_heads));
  }
  config.rope_scaling = resolved_scaling(config);
  check_positions(config);
  return config;
}

std::string_view to_string(AttentionKind kind) {
  return kind == AttentionKind::causal ? "causal" : "full";
}

std::string_view to_string(NormKind kind) {
  return kind == NormKind::layernorm ? "layernorm" : "rmsnorm";
}

AttentionKind attention_kind(std::string_view text) {
  if (text == "causal") return AttentionKind::causal;
  if (text == "full") return AttentionKind::full;
  throw OptionError(fmt::format("attention is {}, must be causal or full", quote(text)));
}

NormKind norm_kind(std::string_view text) {
  if (text == "layernorm") return NormKind::layernorm;
  if (text == "rmsnorm") return NormKind::rmsnorm;
  throw OptionError(fmt::format("norm is {}, must be layernorm or rmsnorm", quote(text)));
}

}  // namespace minillama
