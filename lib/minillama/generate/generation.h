#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "minillama/core/model_config.h"
#include "minillama/generate/generation_options.h"
#include "minillama/generate/token_logprobs.h"

namespace minillama {

/// Why generation ended.
enum class StopReason {
  max_new_tokens,  ///< as many tokens as asked for
  end_of_text,     ///< the model chose one of the stop ids, or a constraint lets nothing follow
  context_full,    ///< the sequence is as long as the model or the decoder can take
  callback,        ///< the callback said so
  cancelled,       ///< Scheduler::cancel()
};

/// What a prompt became.
struct Generation {
  std::vector<std::int64_t> ids;  ///< the new tokens, without a stop id
  StopReason stop = StopReason::max_new_tokens;
  double prompt_seconds = 0;                 ///< time until the first token's logits were there
  double decode_seconds = 0;                 ///< time for the rest
  double score = 0;                          ///< by which a search ranks it; a sample has none
  std::vector<TokenLogprobs> logprobs = {};  ///< of each of the ids, if the options ask for them
  std::size_t guessed = 0;   ///< how many tokens a drafter guessed (generate/drafter.h)
  std::size_t accepted = 0;  ///< how many of those were right
};

/// Throws OptionError unless `prompt` has at least one token, each in the vocabulary, and, without
/// options.crop_context, at most max_seq_len, with room for the shortest text that a constraint
/// allows.
void check_prompt(std::span<const std::int64_t> prompt, const ModelConfig& config,
                  const GenerationOptions& options);

/// Throws OptionError unless the tokens that the options name are in the vocabulary.
void check_ids(const GenerationOptions& options, const ModelConfig& config);

}  // namespace minillama
