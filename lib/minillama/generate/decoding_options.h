#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "minillama/generate/decoder.h"
#include "minillama/generate/generation_options.h"

namespace minillama {

/// When beam search ends that has as many texts as beams.
enum class EarlyStopping {
  heuristic,  ///< when no beam, divided by its length so far, is better than the worst of the texts
  always,     ///< at once
  never,      ///< when no beam can become better than the worst of them, however it goes on
};

/// By which strategy a text is continued, beside how each token is chosen (GenerationOptions).
/// docs/decoding.md has them all; at most one of speculative decoding, beam search and contrastive
/// search is asked for.
struct DecodingOptions {
  std::int64_t continuations = 1;  ///< of each prompt: samples, or the best that a search finds

  // Speculative decoding: the same texts, sooner where the guesses are right.
  std::int64_t prompt_lookup = 0;           ///< so many guesses from the text itself; 0: none
  std::optional<DecoderSource> draft = {};  ///< a small model of the same vocabulary that guesses
  std::int64_t draft_tokens = 2;            ///< how many tokens it guesses at a time

  // Beam search: the most probable text, as far as some beams see.
  std::int64_t num_beams = 0;   ///< 0: no beam search; 1: always the most probable token
  double length_penalty = 1.0;  ///< log-probabilities are divided by length to the power of this
  EarlyStopping early_stopping = EarlyStopping::heuristic;
  std::int64_t beam_groups = 1;  ///< in which beams differ from those of the groups before
  double diversity_penalty =
      0.0;  ///< taken for each beam of those that goes on with the same token

  // Contrastive search: probable tokens that the model does not see as what came already.
  double penalty_alpha = 0;  ///< how much that counts, beside probability; 0: no such search

  // Classifier-free guidance: away from what would follow another prompt.
  double guidance = 1.0;                           ///< how far; 1: not at all
  std::vector<std::int64_t> negative_prompt = {};  ///< usually BOS and a text

  /// Throws OptionError naming what is not valid, or does not go with something else, and why.
  void validate(const GenerationOptions& options, const ModelConfig& config) const;
};

}  // namespace minillama
