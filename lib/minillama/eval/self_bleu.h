#pragma once

#include <span>
#include <vector>

#include "minillama/text/token_ids.h"

namespace minillama {

/// BLEU-4 of each text with all others as its references (Zhu et al. 2018, arXiv:1802.01886): near
/// 1 if it is made of what the others have, near 0 if they are diverse.
///
///     BLEU = exp(min(0, 1 - r / c)) · (p_1 p_2 p_3 p_4)^(1/4)
///
/// c is the length of the text, r that of the reference whose length is nearest, of two the
/// shorter; p_n the share of its n-grams that a reference has, each counted as often as in the
/// reference that has it most (Papineni et al. 2002). A count of 0 is taken for 0.1 (the first
/// smoothing of Chen and Cherry 2014), and n-grams are at least one; without a common token BLEU is
/// 0, as it is of an empty text. Throws OptionError if there are fewer than two texts.
std::vector<double> self_bleu(std::span<const TokenIds> texts);

}  // namespace minillama
