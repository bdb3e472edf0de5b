#pragma once

#include <torch/types.h>

#include "minillama/model/classifier.h"
#include "minillama/text/tokenizer.h"

namespace minillama {

/// Gives a classifier the head of prompt-based fine-tuning (Schick and Schütze 2021,
/// arXiv:2001.07676; Gao et al. 2021, arXiv:2012.15723, section 4.1): the label l, whose word goes
/// on with the token t(l) behind the classifier's template, has
///
///     logit_l = W[t(l)] · h
///
/// with W the language model's head, so that before any training the classifier answers as the
/// language model would choose among these tokens. The rows are copies, trained as any head's; the
/// bias begins at 0.
///
/// @param output_weight W, [V, D] (LanguageModelImpl::output_weight())
/// Throws OptionError if the model is empty, W is no such matrix, the classifier does not pool the
/// last token, the tokenizer has another vocabulary, or two labels begin with the same token.
void set_label_words(Classifier& classifier, const torch::Tensor& output_weight,
                     const Tokenizer& tokenizer);

}  // namespace minillama
