#include "minillama/model/label_word_head.h"

#include <algorithm>

#include "minillama/core/check.h"
#include "minillama/text/sentence_template.h"

namespace minillama {
namespace {

/// The first token of each label behind the template, all different.
TokenIds first_tokens(const ClassifierConfig& config, const Tokenizer& tokenizer) {
  const auto place = SentenceTemplate(config.sentence_template).place_behind();
  TokenIds firsts;
  for (const auto& name : config.label_names) {
    const auto ids = tokenizer.encode(name, place);
    if (ids.empty()) throw OptionError(fmt::format("the label {} has no token", quote(name)));
    const auto same = std::ranges::find(firsts, ids.front());
    if (same != firsts.end()) {
      const auto& other = config.label_names[static_cast<std::size_t>(same - firsts.begin())];
      throw OptionError(fmt::format("the labels {} and {} begin with the same token, {}",
                                    quote(other), quote(name),
                                    quote(tokenizer.piece(ids.front()))));
    }
    firsts.push_back(ids.front());
  }
  return firsts;
}

}  // namespace

void set_label_words(Classifier& classifier, const torch::Tensor& output_weight,
                     const Tokenizer& tokenizer) {
  require_module(classifier, "the classifier");
  const auto& config = classifier->config();
  require_shape(output_weight, "the language model's head",
                {tokenizer.vocab_size(), classifier->llama->config().dim});
  if (config.pooling != PoolingKind::last) {
    throw OptionError(fmt::format("label words follow the last token, and pooling is {}",
                                  to_string(config.pooling)));
  }
  const auto words = torch::tensor(first_tokens(config, tokenizer), torch::kLong);
  const torch::NoGradGuard no_grad;
  auto& head = classifier->classifier_head;
  head->weight.copy_(output_weight.index_select(0, words.to(output_weight.device())));
  head->bias.zero_();
}

}  // namespace minillama
