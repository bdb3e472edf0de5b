#include "minillama/generate/speculative.h"

#include <algorithm>

#include "minillama/core/require.h"
#include "minillama/generate/draft_model.h"
#include "minillama/generate/prompt_lookup.h"
#include "minillama/generate/sampling.h"

namespace minillama {

bool is_speculative(const DecodingOptions& decoding) {
  return decoding.prompt_lookup != 0 || decoding.draft;
}

void check_speculative(const DecodingOptions& decoding, const GenerationOptions& options,
                       const ModelConfig& config) {
  check_sampling(decoding, options, config);
  if (decoding.prompt_lookup != 0 && decoding.draft) {
    throw OptionError("prompt look-up does not go with a draft model: either guesses");
  }
  require(decoding.prompt_lookup >= 0 && decoding.prompt_lookup <= 1024, "prompt-lookup",
          decoding.prompt_lookup, "lie between 0 and 1024");
  require(decoding.draft_tokens >= 1 && decoding.draft_tokens <= 1024, "draft-tokens",
          decoding.draft_tokens, "lie between 1 and 1024");
  if (config.attention != AttentionKind::causal || options.crop_context) {
    throw OptionError(
        "speculative decoding needs causal attention and a context that is not cropped: else later "
        "tokens change what was computed of earlier ones");
  }
  if (!decoding.draft) return;
  const auto& draft = decoding.draft->config;
  require(draft.vocab_size == config.vocab_size, "the vocabulary of the draft model",
          draft.vocab_size, fmt::format("be the model's, {}", config.vocab_size));
  require(draft.attention == AttentionKind::causal, "the draft model's attention",
          to_string(draft.attention), "be causal");
}

std::unique_ptr<Drafter> make_drafter(const DecodingTask& task, std::size_t prompt) {
  const auto& decoding = task.decoding;
  if (decoding.prompt_lookup != 0) {
    return make_prompt_lookup(static_cast<std::size_t>(decoding.prompt_lookup));
  }
  if (!decoding.draft) return nullptr;
  const auto longest = static_cast<std::int64_t>(prompt) +
                       std::min(task.options.max_new_tokens, task.model.config.max_seq_len);
  return make_draft_model(*decoding.draft, longest,
                          static_cast<std::size_t>(decoding.draft_tokens));
}

}  // namespace minillama
