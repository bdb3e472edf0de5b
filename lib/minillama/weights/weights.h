#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/core/model_config.h"
#include "minillama/weights/weight_format.h"

namespace minillama {

/// What a low-rank adapter adds to a matrix W: scale B A, float32.
struct LowRank {
  const float* a = nullptr;  ///< [rank, cols]
  const float* b = nullptr;  ///< [rows, rank]
  std::size_t rank = 0;      ///< 0: there is none
  float scale = 0;
};

/// A matrix [rows, cols] as its bytes lie, row-major, in whatever format, and what is added to its
/// products.
struct Matrix {
  std::size_t rows = 0;
  std::size_t cols = 0;
  const WeightFormat* format = nullptr;
  const std::byte* data = nullptr;
  bool is_mapped = false;  ///< the bytes are a MappedFile's, which are read again when needed again
  LowRank low_rank = {};
  const float* bias = nullptr;  ///< [rows]; null: none

  std::size_t row_bytes() const {
    return storage_size(format->dtype, static_cast<std::int64_t>(cols));
  }
  const std::byte* row(std::size_t i) const { return data + i * row_bytes(); }
};

/// Gain and bias of a norm, float32.
struct NormWeights {
  const float* gain = nullptr;
  const float* bias = nullptr;  ///< null for RMSNorm
};

struct LayerWeights {
  NormWeights attention_norm;
  Matrix query, key, value, output;
  NormWeights query_norm, key_norm;  ///< of each head; no gains unless config.qk_norm
  NormWeights ffn_norm;
  Matrix w1, w2, w3;
};

/// What a language model is, before anyone computes with it: its config and its parts. Immutable,
/// and safe to share between threads. Whoever holds it holds the bytes.
struct Weights {
  ModelConfig config;
  Matrix embeddings;
  Matrix position_embeddings = {};  ///< [max_seq_len, D]; no rows unless positions have them
  std::vector<LayerWeights> layers;
  NormWeights norm;
  Matrix head;                         ///< the embeddings, if they are tied
  std::shared_ptr<const void> memory;  ///< keeps all of it alive
  /// Which matrices are not used as they lie, in words for whoever runs the model; usually empty.
  std::string remark = {};
};

/// The head of a classifier, float32: logits = W state + bias.
struct ClassifierHead {
  std::vector<float> weight;  ///< [L, D]
  std::vector<float> bias;    ///< [L]
};

/// A matrix of a layer: a row of the table of parts.
struct MatrixPart {
  std::string_view name;  ///< "attention.compute_query", as in stories42M.pt
  Matrix LayerWeights::*matrix;
  std::int64_t (*rows)(const ModelConfig& config);
  std::int64_t (*cols)(const ModelConfig& config);
  /// Heads among whose rows rotary positions go; null if they do not.
  std::int64_t (*rotary_heads)(const ModelConfig& config) = nullptr;
  /// Whether it has a bias; null if it never has.
  bool (*has_bias)(const ModelConfig& config) = nullptr;
};

/// A norm of a layer: a row of the table of parts.
struct NormPart {
  std::string_view name;  ///< "attention_norm"
  NormWeights LayerWeights::*norm;
  std::int64_t (*size)(const ModelConfig& config);
  /// Null: of the kind and with the biases of all norms of the model, and always there. Otherwise
  /// an RMSNorm over a head, whose elements are in the order of rotary positions.
  bool (*is_present)(const ModelConfig& config) = nullptr;
};

/// The parts of every layer. Besides them a Llama has "tok_embeddings", "norm" and, where it is not
/// tied, "output", and where positions have embeddings (core/position_schemes.h),
/// "position_embeddings".
std::span<const MatrixPart> matrix_parts();
std::span<const NormPart> norm_parts();

bool has_bias(const MatrixPart& part, const ModelConfig& config);
bool has_bias(const NormPart& part, const ModelConfig& config);
bool is_present(const NormPart& part, const ModelConfig& config);

/// All matrices, embeddings first; a tied head is not there twice.
std::vector<Matrix*> matrices_of(Weights& weights);

/// Writes the rows of a matrix to `to` in another format. What was mapped gives its memory back,
/// strip by strip, so that never the whole of a matrix is there in both forms.
void convert(const Matrix& from, const WeightFormat& format, std::byte* to);

/// `weights` with every matrix in the given format, or, where its rows are no multiple of the
/// block, in the format's fallback; in memory of its own, which is in huge pages
/// (weights/huge_pages.h). Throws OptionError if neither fits the rows of one.
Weights converted(const Weights& weights, const WeightFormat& format);

/// The same, with every matrix in the format that it has.
Weights copied(const Weights& weights);

}  // namespace minillama
