#pragma once

#include <span>
#include <string_view>

#include "minillama/text/token_ids.h"

namespace minillama {

/// By what the log-likelihood of a label is divided. A sum over tokens favours labels of few: where
/// they differ in length, the mean makes up for it (Brown et al. 2020, arXiv:2005.14165, section
/// 2.4, per token; the lm-evaluation-harness's acc_norm, per character of the label).
struct LabelLength {
  std::string_view name;
  double (*of)(std::string_view label, const TokenIds& ids);
};

/// "none": 1, the sum stays as it is. "tokens": how many the label has behind the prompt. "bytes":
/// of the label's text in UTF-8, without a space in front of it.
std::span<const LabelLength> label_lengths();

/// The one of that name. Throws OptionError listing the names.
const LabelLength& label_length(std::string_view name);

}  // namespace minillama
