#include "minillama/nn/embedding.h"

#include <utility>

#include "minillama/core/check.h"
#include "minillama/core/random.h"

namespace minillama {

EmbeddingImpl::EmbeddingImpl(std::int64_t count, std::int64_t dim) : count_(count), dim_(dim) {
  require(count >= 1, "embedding: count", count, "be at least 1");
  require(dim >= 1, "embedding: dim", dim, "be at least 1");
  weight = register_parameter("weight", torch::empty({count, dim}));
}

torch::Tensor EmbeddingImpl::forward(const torch::Tensor& ids) {
  if (is_frozen()) return rows_as_floats(frozen_, ids);
  require_device(ids, "embedding: ids", weight.device());
  require_ids(ids, "embedding: ids", 0, count_);
  return torch::embedding(weight, ids);
}

void EmbeddingImpl::freeze(const FrozenMatrix& matrix) {
  require_shape(matrix, count_, dim_);
  frozen_ = matrix;
  weight = torch::Tensor();
  if (parameters_.contains("weight")) parameters_.erase("weight");
}

void EmbeddingImpl::reset_parameters(torch::Generator generator) {
  if (is_frozen()) throw OptionError("frozen weights are not drawn anew");
  draw_normal(weight, 0.02, std::move(generator));
}

void EmbeddingImpl::reset() {
  if (is_frozen()) return;
  weight = register_parameter("weight", torch::empty_like(weight), weight.requires_grad());
}

void EmbeddingImpl::pretty_print(std::ostream& stream) const {
  stream << "minillama::Embedding(count=" << count_ << ", dim=" << dim_ << ")";
}

}  // namespace minillama
