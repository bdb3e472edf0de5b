#include "minillama/weights/weights.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/thread_pool.h"
#include "minillama/io/mapped_file.h"
#include "minillama/weights/huge_pages.h"

namespace minillama {
namespace {

std::int64_t dim(const ModelConfig& config) {
  return config.dim;
}
std::int64_t query_dim(const ModelConfig& config) {
  return config.query_dim();
}
std::int64_t kv_dim(const ModelConfig& config) {
  return config.kv_dim();
}
std::int64_t head_dim(const ModelConfig& config) {
  return config.head_dim;
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
bool qkv_bias(const ModelConfig& config) {
  return config.qkv_bias;
}
bool output_bias(const ModelConfig& config) {
  return config.output_bias;
}
bool qk_norm(const ModelConfig& config) {
  return config.qk_norm;
}

constexpr std::array<MatrixPart, 7> kMatrices = {{
    {"attention.compute_query", &LayerWeights::query, query_dim, dim, n_heads, qkv_bias},
    {"attention.compute_key", &LayerWeights::key, kv_dim, dim, n_kv_heads, qkv_bias},
    {"attention.compute_value", &LayerWeights::value, kv_dim, dim, nullptr, qkv_bias},
    {"attention.compute_output", &LayerWeights::output, dim, query_dim, nullptr, output_bias},
    {"feed_forward.w1", &LayerWeights::w1, hidden_dim, dim},
    {"feed_forward.w2", &LayerWeights::w2, dim, hidden_dim},
    {"feed_forward.w3", &LayerWeights::w3, hidden_dim, dim},
}};

constexpr std::array<NormPart, 4> kNorms = {{
    {"attention_norm", &LayerWeights::attention_norm, dim},
    {"ffn_norm", &LayerWeights::ffn_norm, dim},
    {"attention.query_norm", &LayerWeights::query_norm, head_dim, qk_norm},
    {"attention.key_norm", &LayerWeights::key_norm, head_dim, qk_norm},
}};

/// What copy_in() makes.
struct Copied {
  HugePages matrices;
  std::vector<std::vector<float>> floats;

  const float* copy(const float* values, std::int64_t size) {
    return values == nullptr ? nullptr : floats.emplace_back(values, values + size).data();
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

std::size_t bytes_in(const WeightFormat& format, const Matrix& matrix) {
  return storage_size(format.dtype, static_cast<std::int64_t>(matrix.rows * matrix.cols));
}

/// What a matrix of so many bytes takes: the next begins with a cache line.
std::size_t with_padding(std::size_t bytes) {
  constexpr std::size_t kLine = 64;
  return (bytes + kLine - 1) / kLine * kLine;
}

/// A copy of `weights`, every matrix in the format that `format_of` names for it.
Weights copy_in(const Weights& weights, const auto& format_of) {
  Weights out = weights;
  const auto matrices = matrices_of(out);
  std::size_t bytes = 0;
  for (const Matrix* matrix : matrices)
    bytes += with_padding(bytes_in(format_of(*matrix), *matrix));
  auto memory = std::make_shared<Copied>(HugePages(bytes));
  std::byte* next = memory->matrices.data();
  for (Matrix* matrix : matrices) {
    const WeightFormat& format = format_of(*matrix);
    convert(*matrix, format, next);
    *matrix = {.rows = matrix->rows,
               .cols = matrix->cols,
               .format = &format,
               .data = next,
               .low_rank = memory->copy(*matrix),
               .bias = memory->copy(matrix->bias, static_cast<std::int64_t>(matrix->rows))};
    next += with_padding(bytes_in(format, *matrix));
  }
  if (out.config.tied_embeddings) out.head = out.embeddings;
  memory->copy(out.norm, out.config.dim);
  for (auto& layer : out.layers) {
    for (const auto& part : kNorms) memory->copy(layer.*part.norm, part.size(out.config));
  }
  out.memory = std::move(memory);
  return out;
}

}  // namespace

std::span<const MatrixPart> matrix_parts() {
  return kMatrices;
}

std::span<const NormPart> norm_parts() {
  return kNorms;
}

bool has_bias(const MatrixPart& part, const ModelConfig& config) {
  return part.has_bias != nullptr && part.has_bias(config);
}

bool has_bias(const NormPart& part, const ModelConfig& config) {
  return part.is_present == nullptr && config.norm == NormKind::layernorm;
}

bool is_present(const NormPart& part, const ModelConfig& config) {
  return part.is_present == nullptr || part.is_present(config);
}

std::vector<Matrix*> matrices_of(Weights& weights) {
  std::vector<Matrix*> matrices{&weights.embeddings};
  if (weights.position_embeddings.rows > 0) matrices.push_back(&weights.position_embeddings);
  for (auto& layer : weights.layers) {
    for (const auto& part : kMatrices) matrices.push_back(&(layer.*part.matrix));
  }
  if (!weights.config.tied_embeddings) matrices.push_back(&weights.head);
  return matrices;
}

void convert(const Matrix& from, const WeightFormat& format, std::byte* to) {
  constexpr std::size_t kStripRows = 2048;
  constexpr std::int64_t kGrain = 64;
  const std::size_t row_bytes = storage_size(format.dtype, static_cast<std::int64_t>(from.cols));
  const auto convert_rows = [&](std::size_t begin, std::size_t end) {
    if (from.format == &format) {
      std::copy(from.row(begin), from.row(end), to + begin * row_bytes);
      return;
    }
    std::vector<float> numbers(from.cols);
    for (auto i = begin; i < end; ++i) {
      from.format->to_floats(from.cols, from.row(i), numbers.data());
      format.from_floats(from.cols, numbers.data(), to + i * row_bytes);
    }
  };
  for (std::size_t strip = 0; strip < from.rows; strip += kStripRows) {
    const std::size_t count = std::min(kStripRows, from.rows - strip);
    parallel_for(static_cast<std::int64_t>(count), kGrain,
                 [&](std::int64_t begin, std::int64_t end) {
                   convert_rows(strip + static_cast<std::size_t>(begin),
                                strip + static_cast<std::size_t>(end));
                 });
    if (from.is_mapped) MappedFile::release({from.row(strip), count * from.row_bytes()});
  }
}

Weights converted(const Weights& weights, const WeightFormat& format) {
  const auto& config = weights.config;
  for (const auto& [field, value] :
       {std::pair{"dim", config.dim}, std::pair{"hidden_dim", config.hidden_dim},
        std::pair{"n_heads * head_dim", config.query_dim()}}) {
    if (fitting(format, static_cast<std::size_t>(value)) != nullptr) continue;
    throw OptionError(
        fmt::format("weights of type {} (--weights {}) need a {} that is a multiple of {}; the "
                    "model's is {}",
                    format.name, format.name, field, block_size(format.fallback), value));
  }
  return copy_in(weights,
                 [&](const Matrix& m) -> const WeightFormat& { return *fitting(format, m.cols); });
}

Weights copied(const Weights& weights) {
  return copy_in(weights, [](const Matrix& m) -> const WeightFormat& { return *m.format; });
}

}  // namespace minillama
