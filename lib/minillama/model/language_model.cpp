#include "minillama/model/language_model.h"

namespace minillama {

LanguageModelImpl::LanguageModelImpl(const ModelConfig& config, torch::Generator generator,
                                     Weights weights) {
  llama = register_module("llama", Llama(config, generator, weights));
  if (!config.tied_embeddings) {
    output = register_module("output", Linear(config.dim, config.vocab_size));
    const torch::NoGradGuard no_grad;
    if (weights == Weights::random) output->weight.normal_(0, 0.02, generator);
  }
}

torch::Tensor LanguageModelImpl::logits(const torch::Tensor& hidden) {
  return apply_linear(hidden, output_weight());
}

const torch::Tensor& LanguageModelImpl::output_weight() const {
  return output.is_empty() ? llama->tok_embeddings->weight : output->weight;
}

torch::Tensor LanguageModelImpl::forward(const torch::Tensor& ids, KVCache* cache) {
  return logits(llama(ids, cache));
}

}  // namespace minillama
