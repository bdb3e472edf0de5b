#include "minillama/model/language_model.h"

#include "minillama/ops/linear.h"

namespace minillama {

LanguageModelImpl::LanguageModelImpl(const ModelConfig& config, torch::Generator generator,
                                     Initial weights) {
  llama = register_module("llama", Llama(config, generator, weights));
  if (!config.tied_embeddings) {
    output = register_module("output", Linear(config.dim, config.vocab_size));
    if (weights == Initial::random) draw_normal(output->weight, 0.02, generator);
  }
}

void LanguageModelImpl::reset_parameters(torch::Generator generator) {
  llama->reset_parameters(generator);
  if (!output.is_empty()) draw_normal(output->weight, 0.02, generator);
}

void LanguageModelImpl::reset() {
  llama = register_module("llama", Llama(*llama));
  if (!output.is_empty()) output = register_module("output", Linear(*output));
}

void LanguageModelImpl::pretty_print(std::ostream& stream) const {
  stream << "minillama::LanguageModel(tied_embeddings=" << std::boolalpha << output.is_empty()
         << ")";
}

torch::Tensor LanguageModelImpl::logits(const torch::Tensor& hidden) {
  return apply_linear(hidden, output_weight());
}

torch::Tensor LanguageModelImpl::output_weight() const {
  return output.is_empty() ? llama->tok_embeddings->dense_weight() : output->dense_weight();
}

torch::Tensor LanguageModelImpl::forward(const torch::Tensor& ids, KVCache* cache) {
  return logits(llama(ids, cache));
}

}  // namespace minillama
