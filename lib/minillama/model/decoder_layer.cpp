#include "minillama/model/decoder_layer.h"

namespace minillama {

DecoderLayerImpl::DecoderLayerImpl(const ModelConfig& config, const torch::Generator& generator) {
  attention = register_module("attention", Attention(config, generator));
  feed_forward = register_module("feed_forward", FeedForward(config, generator));
  attention_norm = register_module("attention_norm", make_norm(config));
  ffn_norm = register_module("ffn_norm", make_norm(config));
}

torch::Tensor DecoderLayerImpl::forward(const torch::Tensor& x, const AttentionContext& context,
                                        LayerCache* cache) {
  const auto h = context.of_queries(x) + attention(attention_norm(x), context, cache);
  return h + feed_forward(ffn_norm(h));
}

}  // namespace minillama
