#include "minillama/nn/embedding.h"

#include <utility>

#include "minillama/core/check.h"
#include "minillama/core/random.h"

namespace minillama {

EmbeddingImpl::EmbeddingImpl(std::int64_t count, std::int64_t dim) {
  require(count >= 1, "embedding: count", count, "be at least 1");
  require(dim >= 1, "embedding: dim", dim, "be at least 1");
  weight = register_parameter("weight", torch::empty({count, dim}));
}

torch::Tensor EmbeddingImpl::forward(const torch::Tensor& ids) {
  require_device(ids, "embedding: ids", weight.device());
  require_ids(ids, "embedding: ids", 0, weight.size(0));
  return torch::embedding(weight, ids);
}

void EmbeddingImpl::reset_parameters(torch::Generator generator) {
  draw_normal(weight, 0.02, std::move(generator));
}

void EmbeddingImpl::reset() {
  weight = register_parameter("weight", torch::empty_like(weight), weight.requires_grad());
}

void EmbeddingImpl::pretty_print(std::ostream& stream) const {
  stream << "minillama::Embedding(count=" << weight.size(0) << ", dim=" << weight.size(1) << ")";
}

}  // namespace minillama
