#include "minillama/generate/generation.h"

#include "minillama/core/require.h"

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
}

}  // namespace minillama
