#pragma once

#include <cstdint>

namespace minillama {

/// How a text is continued.
struct GenerationOptions {
  std::int64_t max_new_tokens = 256;  ///< how many tokens to write at most
  double temperature = 0.8;           ///< divides the logits; 0: always the most probable token
  std::int64_t top_k = 0;             ///< keep only the k most probable tokens; 0: all
  double top_p = 1.0;                 ///< keep the most probable tokens that make up p; 1: all
  double min_p = 0.0;                 ///< drop tokens below min_p times the most probable; 0: none
  double epsilon = 0.0;               ///< drop tokens less probable than epsilon; 0: none
  double repetition_penalty = 1.0;    ///< makes tokens that came before less probable; 1: no
  std::uint64_t seed = 1337;          ///< of the random numbers
  bool stop_at_end = true;            ///< stop at an end-of-text or beginning-of-text token
  bool crop_context = false;  ///< at max_seq_len go on with the last max_seq_len tokens, don't stop
  bool use_cache = true;      ///< reuse keys and values of earlier tokens (causal models only)
  bool use_engine = true;     ///< decode on plain memory (engine/) where that computes the model
  std::int64_t vocabulary = 0;   ///< choose among so many first ids, where a model has more; 0: all
  std::int64_t batch_size = 16;  ///< of several prompts: how many are continued at the same time

  /// Throws OptionError naming the field and the value.
  void validate() const;
};

}  // namespace minillama
