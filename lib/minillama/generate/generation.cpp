#include "minillama/generate/generation.h"

#include "minillama/core/require.h"
#include "minillama/grammar/constraint.h"

namespace minillama {

void check_prompt(std::span<const std::int64_t> prompt, const ModelConfig& config,
                  const GenerationOptions& options) {
  if (prompt.empty()) throw OptionError("the prompt has no tokens");
  for (const auto id : prompt) {
    require_below(id, "a token id of the prompt", config.vocab_size);
  }
  if (std::ssize(prompt) > config.max_seq_len && !options.crop_context) {
    throw OptionError(fmt::format("the prompt has {} tokens, the model's context {}", prompt.size(),
                                  config.max_seq_len));
  }
  if (!options.constraint || options.crop_context) return;
  const auto room = config.max_seq_len - std::ssize(prompt) + 1;
  if (room < options.constraint->shortest()) {
    throw OptionError(fmt::format(
        "the prompt has {} tokens, which leaves room for {} in the model's context; the shortest "
        "text that the constraint allows has {}",
        prompt.size(), room, options.constraint->shortest()));
  }
}

void check_ids(const GenerationOptions& options, const ModelConfig& config) {
  for (const auto& [token, bias] : options.logit_bias) {
    require_below(token, "a token id of logit-bias", config.vocab_size);
  }
  for (const auto& sequence : options.banned) {
    for (const auto id : sequence) require_below(id, "a banned token id", config.vocab_size);
  }
  for (const auto id : options.dry_breakers) {
    require_below(id, "a token id of dry-breaker", config.vocab_size);
  }
  if (options.constraint) {
    const auto size = options.constraint->vocabulary().size();
    require(size <= config.vocab_size, "the vocabulary of the constraint", size,
            fmt::format("be the model's, at most {} tokens", config.vocab_size));
  }
}

}  // namespace minillama
