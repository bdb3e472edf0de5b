#include "minillama/weights/weights.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/thread_pool.h"
#include "minillama/io/mapped_file.h"

namespace minillama {
namespace {

std::int64_t dim(const ModelConfig& config) {
  return config.dim;
}
std::int64_t kv_dim(const ModelConfig& config) {
  return config.n_kv_heads * config.head_dim();
}
std::int64_t hidden_dim(const ModelConfig& config) {
  return config.hidden_dim;
}
std::int64_t n_heads(const ModelConfig& config) {
  return config.n_heads;
}
std::int64_t n_kv_heads(const ModelConfig& config) {
  return config.n_kv_heads;
}

constexpr std::array<MatrixPart, 7> kMatrices = {{
    {"attention.compute_query", &LayerWeights::query, dim, dim, n_heads},
    {"attention.compute_key", &LayerWeights::key, kv_dim, dim, n_kv_heads},
    {"attention.compute_value", &LayerWeights::value, kv_dim, dim, nullptr},
    {"attention.compute_output", &LayerWeights::output, dim, dim, nullptr},
    {"feed_forward.w1", &LayerWeights::w1, hidden_dim, dim, nullptr},
    {"feed_forward.w2", &LayerWeights::w2, dim, hidden_dim, nullptr},
    {"feed_forward.w3", &LayerWeights::w3, hidden_dim, dim, nullptr},
}};

constexpr std::array<NormPart, 2> kNorms = {{
    {"attention_norm", &LayerWeights::attention_norm},
    {"ffn_norm", &LayerWeights::ffn_norm},
}};

/// What converted() makes.
struct Converted {
  std::vector<std::unique_ptr<std::byte[]>> matrices;
  std::vector<std::vector<float>> norms;

  const float* copy(const float* values, std::int64_t size) {
    return values == nullptr ? nullptr : norms.emplace_back(values, values + size).data();
  }
  LowRank copy(const Matrix& matrix) {
    LowRank low_rank = matrix.low_rank;
    const auto rank = static_cast<std::int64_t>(low_rank.rank);
    low_rank.a = copy(low_rank.a, rank * static_cast<std::int64_t>(matrix.cols));
    low_rank.b = copy(low_rank.b, rank * static_cast<std::int64_t>(matrix.rows));
    return low_rank;
  }
  void copy(NormWeights& norm, std::int64_t size) {
    norm = {copy(norm.gain, size), copy(norm.bias, size)};
  }
};

/// Strip by strip, so that never the whole of a mapped matrix is there in both forms.
void convert(const Matrix& from, const WeightFormat& format, std::byte* to) {
  constexpr std::size_t kStripRows = 2048;
  constexpr std::int64_t kGrain = 64;
  const std::size_t row_bytes = storage_size(format.dtype, static_cast<std::int64_t>(from.cols));
  for (std::size_t strip = 0; strip < from.rows; strip += kStripRows) {
    const std::size_t count = std::min(kStripRows, from.rows - strip);
    parallel_for(static_cast<std::int64_t>(count), kGrain,
                 [&](std::int64_t begin, std::int64_t end) {
                   std::vector<float> numbers(from.cols);
                   for (auto i = strip + static_cast<std::size_t>(begin);
                        i < strip + static_cast<std::size_t>(end); ++i) {
                     from.format->to_floats(from.cols, from.row(i), numbers.data());
                     format.from_floats(from.cols, numbers.data(), to + i * row_bytes);
                   }
                 });
    if (from.is_mapped) MappedFile::release({from.row(strip), count * from.row_bytes()});
  }
}

}  // namespace

std::span<const MatrixPart> matrix_parts() {
  return kMatrices;
}

std::span<const NormPart> norm_parts() {
  return kNorms;
}

std::vector<Matrix*> matrices_of(Weights& weights) {
  std::vector<Matrix*> matrices{&weights.embeddings};
  for (auto& layer : weights.layers) {
    for (const auto& part : kMatrices) matrices.push_back(&(layer.*part.matrix));
  }
  if (!weights.config.tied_embeddings) matrices.push_back(&weights.head);
  return matrices;
}

Weights converted(const Weights& weights, const WeightFormat& format) {
  const auto& config = weights.config;
  const auto block = static_cast<std::int64_t>(block_size(format.dtype));
  for (const auto& [field, value] :
       {std::pair{"dim", config.dim}, std::pair{"hidden_dim", config.hidden_dim}}) {
    if (value % block == 0) continue;
    throw OptionError(
        fmt::format("weights of type {} (--weights {}) need a {} that is a multiple of {}; the "
                    "model's is {}",
                    format.name, format.name, field, block, value));
  }
  Weights out = weights;
  auto memory = std::make_shared<Converted>();
  for (Matrix* matrix : matrices_of(out)) {
    const std::size_t bytes =
        storage_size(format.dtype, static_cast<std::int64_t>(matrix->rows * matrix->cols));
    auto& stored =
        memory->matrices.emplace_back(std::make_unique_for_overwrite<std::byte[]>(bytes));
    convert(*matrix, format, stored.get());
    *matrix = {.rows = matrix->rows,
               .cols = matrix->cols,
               .format = &format,
               .data = stored.get(),
               .low_rank = memory->copy(*matrix)};
  }
  if (config.tied_embeddings) out.head = out.embeddings;
  memory->copy(out.norm, config.dim);
  for (auto& layer : out.layers) {
    for (const auto& part : kNorms) memory->copy(layer.*part.norm, config.dim);
  }
  out.memory = std::move(memory);
  return out;
}

}  // namespace minillama
