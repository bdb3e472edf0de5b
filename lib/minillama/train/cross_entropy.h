#pragma once

#include <cstdint>
#include <memory>

#include "minillama/train/objective.h"

namespace minillama {

/// What cross-entropy of classification may have beside logits and labels.
struct CrossEntropyOptions {
  /// e, the share of each label that all labels get alike, in [0, 1) (Szegedy et al. 2016,
  /// arXiv:1512.00567, section 7): the target is 1 - e + e / L for the label, e / L for the others.
  double label_smoothing = 0;
};

/// Cross-entropy of classification, with w the examples' weights and q their targets
///
///     sum_i w_i sum_l -q_il log softmax(logits_i)_l / divisor
///
/// The batch's own size as divisor gives the mean; the CMU assignment's reference divides by the
/// usual size even where the last batch is shorter.
///
/// @param logits  [B, L]
/// @param labels  [B] int64, each in [0, L)
/// @param weights [B], or undefined: 1 each
/// Throws OptionError on any others, if the divisor is less than 1 or an option cannot be used.
torch::Tensor classification_loss(const torch::Tensor& logits, const torch::Tensor& labels,
                                  std::int64_t divisor, const torch::Tensor& weights = {},
                                  const CrossEntropyOptions& options = {});

/// The same with targets that are no labels: q is `targets` [B, L], smoothed as above,
///
///     q_il = (1 - e) targets_il + e / L
torch::Tensor soft_classification_loss(const torch::Tensor& logits, const torch::Tensor& targets,
                                       std::int64_t divisor, const torch::Tensor& weights = {},
                                       const CrossEntropyOptions& options = {});

/// That of a batch's targets or, where it has none, labels, with these logits [B, L] of it.
torch::Tensor classification_loss(const torch::Tensor& logits, const ObjectiveBatch& batch,
                                  const CrossEntropyOptions& options);

/// The objective of that loss.
std::shared_ptr<Objective> cross_entropy(const CrossEntropyOptions& options = {});

}  // namespace minillama
