#pragma once

#include <memory>

#include "minillama/train/cross_entropy.h"

namespace minillama {

/// R-Drop (Wu et al. 2021, arXiv:2106.14448, section 2.1): each batch passes twice through the
/// model, with dropout masks of their own, and the two distributions P and Q over the labels are
/// drawn together:
///
///     ce(P) + ce(Q) + alpha (KL(P || Q) + KL(Q || P)) / 2
///
/// where ce is the cross-entropy, weighted and smoothed as cross_entropy() does it, and the
/// divergences are weighted alike. Without any dropout in the model both passes are one.
///
/// Throws OptionError unless alpha is finite and at least 0.
std::shared_ptr<Objective> r_drop(double alpha, const CrossEntropyOptions& options = {});

}  // namespace minillama
