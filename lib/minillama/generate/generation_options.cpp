#include "minillama/generate/generation_options.h"

#include <cmath>
#include <limits>
#include <string_view>

#include <fmt/format.h>

#include "minillama/core/require.h"
#include "minillama/grammar/constraint.h"

namespace minillama {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

/// Whether it can be added to logits, which stay finite.
bool is_term(double value) {
  return std::abs(value) <= 1e6;
}

bool is_amount(double value) {
  return std::isfinite(value) && value >= 0;
}

/// Mirostat decides how many tokens stay: nothing else may.
void check_mirostat(const GenerationOptions& options) {
  if (options.mirostat == 0) return;
  const auto require_off = [](std::string_view field, auto value, auto off) {
    require(value == off, field, value,
            fmt::format("be {} beside mirostat, which chooses how many tokens stay", off));
  };
  require_off("top-k", options.top_k, 0);
  require_off("top-p", options.top_p, 1);
  require_off("min-p", options.min_p, 0);
  require_off("typical-p", options.typical_p, 1);
  require_off("epsilon", options.epsilon, 0);
  require_off("eta", options.eta, 0);
  require_off("top-n-sigma", options.top_n_sigma, 0);
  require_off("xtc-probability", options.xtc_probability, 0);
}

/// A constraint says where a text ends.
void check_constraint(const GenerationOptions& options) {
  if (!options.constraint) return;
  if (!options.stop_at_end) {
    throw OptionError(
        "a constraint says where a text ends: it does not go with stop_at_end = false, as of "
        "--ignore-eos");
  }
  require(options.min_new_tokens == 0, "min-new-tokens", options.min_new_tokens,
          "be 0 beside a constraint, which says where a text ends");
  const auto shortest = options.constraint->shortest();
  require(
      options.max_new_tokens >= shortest, "max-new-tokens", options.max_new_tokens,
      fmt::format("be at least {}, as the shortest text that the constraint allows has", shortest));
}

}  // namespace

void GenerationOptions::validate() const {
  require(max_new_tokens >= 0, "max-new-tokens", max_new_tokens, "be 0 or positive");
  require(std::isfinite(temperature) && temperature >= 0, "temperature", temperature,
          "be 0 or positive");
  require(std::isfinite(repetition_penalty) && repetition_penalty > 0, "repetition-penalty",
          repetition_penalty, "be positive");
  require(top_k >= 0, "top-k", top_k, "be 0 or positive");
  require(top_p > 0 && top_p <= 1, "top-p", top_p, "lie in (0, 1]");
  require(min_p >= 0 && min_p <= 1, "min-p", min_p, "lie in [0, 1]");
  require(vocabulary >= 0, "vocabulary", vocabulary, "be 0 or positive");
  require(batch_size >= 1 && batch_size <= 1024, "batch-size", batch_size,
          "lie between 1 and 1024");
  require(epsilon >= 0 && epsilon <= 1, "epsilon", epsilon, "lie in [0, 1]");
  require(typical_p > 0 && typical_p <= 1, "typical-p", typical_p, "lie in (0, 1]");
  require(eta >= 0 && eta <= 1, "eta", eta, "lie in [0, 1]");
  require(is_amount(top_n_sigma), "top-n-sigma", top_n_sigma, "be 0 or positive");
  require(xtc_probability >= 0 && xtc_probability <= 1, "xtc-probability", xtc_probability,
          "lie in [0, 1]");
  // Two tokens must be able to reach it.
  require(xtc_threshold > 0 && xtc_threshold <= 0.5, "xtc-threshold", xtc_threshold,
          "lie in (0, 0.5]");
  require(is_amount(mirostat), "mirostat", mirostat, "be 0 or positive");
  require(mirostat_rate > 0 && mirostat_rate <= 1, "mirostat-rate", mirostat_rate, "lie in (0, 1]");
  require(is_term(presence_penalty), "presence-penalty", presence_penalty, "lie in [-1e6, 1e6]");
  require(is_term(frequency_penalty), "frequency-penalty", frequency_penalty, "lie in [-1e6, 1e6]");
  require(is_amount(dry_multiplier), "dry-multiplier", dry_multiplier, "be 0 or positive");
  require(std::isfinite(dry_base) && dry_base >= 1, "dry-base", dry_base, "be at least 1");
  require(dry_allowed_length >= 1, "dry-allowed-length", dry_allowed_length, "be at least 1");
  require(no_repeat_ngram >= 0, "no-repeat-ngram", no_repeat_ngram, "be 0 or positive");
  if (logprobs) {
    require(*logprobs >= 0 && *logprobs <= 1024, "logprobs", *logprobs, "lie between 0 and 1024");
  }
  require(min_new_tokens >= 0, "min-new-tokens", min_new_tokens, "be 0 or positive");
  require(min_new_tokens <= max_new_tokens, "min-new-tokens", min_new_tokens,
          fmt::format("be at most max-new-tokens, {}", max_new_tokens));
  for (const auto& [token, bias] : logit_bias) {
    require(is_term(bias) || bias == kNever, fmt::format("the logit-bias of token {}", token), bias,
            "lie in [-1e6, 1e6] or be -inf");
  }
  for (const auto& sequence : banned) {
    require(!sequence.empty(), "the length of a banned sequence", sequence.size(), "be positive");
  }
  check_mirostat(*this);
  check_constraint(*this);
}

}  // namespace minillama
