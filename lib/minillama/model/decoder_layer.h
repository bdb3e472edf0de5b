#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/common.h>

#include "minillama/nn/attention.h"
#include "minillama/nn/feed_forward.h"
#include "minillama/nn/norm.h"

namespace minillama {

/// One layer of the decoder, normalised before each half:
///
///     h = x + attention(attention_norm(x))
///     y = h + feed_forward(ffn_norm(h))
class DecoderLayerImpl : public torch::nn::Cloneable<DecoderLayerImpl> {
 public:
  DecoderLayerImpl(const ModelConfig& config, const torch::Generator& generator);

  /// x [N, D] -> [N, D] or, with context.last_only, [B, D]; see AttentionImpl::forward for the
  /// rest.
  torch::Tensor forward(const torch::Tensor& x, const AttentionContext& context,
                        LayerCache* cache = nullptr);

  void reset() override;
  void pretty_print(std::ostream& stream) const override;

  Attention attention{nullptr};
  FeedForward feed_forward{nullptr};
  Norm attention_norm{nullptr};
  Norm ffn_norm{nullptr};

 protected:
  FORWARD_HAS_DEFAULT_ARGS({2, torch::nn::AnyValue(static_cast<LayerCache*>(nullptr))})
};
TORCH_MODULE(DecoderLayer);

}  // namespace minillama
