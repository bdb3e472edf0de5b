#include "minillama/model/decoder_layer.h"

namespace minillama {

DecoderLayerImpl::DecoderLayerImpl(const ModelConfig& config, const torch::Generator& generator) {
  attention = register_module("attention", Attention(config, generator));
  feed_forward = register_module("feed_forward", FeedForward(config, generator));
  attention_norm = register_module("attention_norm", make_norm(config));
  ffn_norm = register_module("ffn_norm", make_norm(config));
}

void DecoderLayerImpl::reset() {
  attention = register_module("attention", Attention(*attention));
  feed_forward = register_module("feed_forward", FeedForward(*feed_forward));
  attention_norm = register_module("attention_norm", Norm(*attention_norm));
  ffn_norm = register_module("ffn_norm", Norm(*ffn_norm));
}

void DecoderLayerImpl::pretty_print(std::ostream& stream) const {
  stream << "minillama::DecoderLayer";
}

torch::Tensor DecoderLayerImpl::forward(const torch::Tensor& x, const AttentionContext& context,
                                        LayerCache* cache) {
  const auto h = context.of_queries(x) + attention(attention_norm(x), context, cache);
  return h + feed_forward(ffn_norm(h));
}

}  // namespace minillama
