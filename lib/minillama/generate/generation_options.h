#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace minillama {

class Constraint;

/// A number that is added to a token's logit.
struct LogitBias {
  std::int64_t token = 0;
  double bias = 0;  ///< in [-1e6, 1e6], or negative infinity: the token never comes
};

/// How a text is continued. What each step of sampling computes stands in its header;
/// docs/sampling.md has them all. What is said of words becomes ids in generate/word_options.h.
struct GenerationOptions {
  std::int64_t max_new_tokens = 256;  ///< how many tokens to write at most
  double temperature = 0.8;           ///< divides the logits; 0: always the most probable token
  std::int64_t top_k = 0;             ///< keep only the k most probable tokens; 0: all
  double top_p = 1.0;                 ///< keep the most probable tokens that make up p; 1: all
  double min_p = 0.0;                 ///< drop tokens below min_p times the most probable; 0: none
  double typical_p = 1.0;             ///< keep the most typical tokens that make up p; 1: all
  double epsilon = 0.0;               ///< drop tokens less probable than epsilon; 0: none
  double eta = 0.0;                   ///< epsilon, but less where much is possible; 0: none
  double top_n_sigma = 0.0;           ///< drop tokens so many deviations below the best; 0: none
  double xtc_probability = 0.0;       ///< how often the top choices are excluded; 0: never
  double xtc_threshold = 0.1;         ///< how probable a top choice is at least
  double mirostat = 0.0;              ///< aim at a surprise of so many bits a token; 0: do not
  double mirostat_rate = 0.1;         ///< how fast mirostat adapts
  double repetition_penalty = 1.0;    ///< makes tokens that came before less probable; 1: no
  double presence_penalty = 0.0;      ///< taken from the logits of tokens that were written
  double frequency_penalty = 0.0;     ///< the same, for each time
  double dry_multiplier = 0.0;        ///< DRY's penalty of what repeats a sequence; 0: none
  double dry_base = 1.75;             ///< by which it grows with each token that is repeated
  std::int64_t dry_allowed_length = 2;          ///< the shortest repetition that has a penalty
  std::vector<std::int64_t> dry_breakers = {};  ///< tokens at which a repetition begins anew
  std::int64_t no_repeat_ngram = 0;             ///< no n tokens come twice in a row; 0: they may
  std::vector<LogitBias> logit_bias = {};       ///< is added to logits
  std::vector<std::vector<std::int64_t>> banned = {};  ///< sequences of tokens that do not come
  std::int64_t min_new_tokens = 0;  ///< so many tokens before one that ends the text
  std::uint64_t seed = 1337;        ///< of the random numbers
  /// Keep the log-probability of each token that is written, and of so many most probable ones
  /// (generate/token_logprobs.h). Of samples alone.
  std::optional<std::int64_t> logprobs = {};
  bool stop_at_end = true;    ///< stop at an end-of-text or beginning-of-text token
  bool crop_context = false;  ///< at max_seq_len go on with the last max_seq_len tokens, don't stop
  bool use_cache = true;      ///< reuse keys and values of earlier tokens (causal models only)
  bool use_engine = true;     ///< decode on plain memory (engine/) where that computes the model
  std::int64_t vocabulary = 0;   ///< choose among so many first ids, where a model has more; 0: all
  std::int64_t batch_size = 16;  ///< of several prompts: how many are continued at the same time
  /// Which texts may be written (grammar/constraint.h); null: any.
  std::shared_ptr<const Constraint> constraint = {};

  /// Throws OptionError naming the field and the value.
  void validate() const;
};

}  // namespace minillama
