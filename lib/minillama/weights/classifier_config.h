#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace minillama {

/// Which hidden states stand for a sequence.
enum class PoolingKind {
  last,         ///< that of its last token, which under causal attention has seen all others
  mean,         ///< the mean over its tokens
  padded_last,  ///< that of the last position of a row padded to its batch's longest: what the CMU
                ///< assignment's reference does. Depends on the batch
};

std::string_view to_string(PoolingKind pooling);
/// "last", "mean" or "padded-last"; throws OptionError on any other text.
PoolingKind pooling_kind(std::string_view text);

/// What makes a classifier of a Llama.
struct ClassifierConfig {
  std::vector<std::string> label_names = {};  ///< at least 2, all different
  PoolingKind pooling = PoolingKind::mean;
  std::string sentence_template = "{sentence}";  ///< text/sentence_template.h
  double dropout = 0.3;                          ///< on the pooled state, in training, in [0, 1)
  /// A token that does not count where a text ends with it, as in transformers, which takes it for
  /// padding; -1: there is none.
  std::int64_t pad_id = -1;
  /// By which log-probabilities are divided, so that probabilities mean what they say; positive
  /// (eval/calibration.h). It changes no answer but how sure it is.
  double temperature = 1;

  /// Throws OptionError naming the field and the value if one cannot be used.
  void validate() const;

  bool operator==(const ClassifierConfig&) const = default;
};

}  // namespace minillama
