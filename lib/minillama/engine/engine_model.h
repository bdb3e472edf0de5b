#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "minillama/core/model_config.h"
#include "minillama/kernels/q8_0.h"
#include "minillama/model/language_model.h"

namespace minillama {

/// A matrix [rows, cols], row-major: floats, or blocks of eight bits.
struct EngineMatrix {
  std::size_t rows = 0;
  std::size_t cols = 0;
  const float* floats = nullptr;
  const kernels::Q8Block* blocks = nullptr;
};

struct EngineNorm {
  const float* gain = nullptr;
  const float* bias = nullptr;  ///< null for RMSNorm
};

struct EngineLayer {
  EngineNorm attention_norm;
  EngineMatrix query, key, value, output;
  EngineNorm ffn_norm;
  EngineMatrix w1, w2, w3;
};

/// A language model as plain memory, for Engine.
struct EngineModel {
  ModelConfig config;
  EngineMatrix embeddings;
  std::vector<EngineLayer> layers;
  EngineNorm norm;
  EngineMatrix head;                   ///< the embeddings, if they are tied
  std::shared_ptr<const void> memory;  ///< keeps all of it alive
};

/// Whether `model` is one that an engine computes: causal, float32 on the CPU, and without an
/// active adapter that is not merged. Throws OptionError if it is empty.
bool suits_engine(LanguageModel& model);

/// `model`, which must suit, for an engine. It shares the weights: nothing is copied. Throws
/// OptionError if it does not suit.
EngineModel share_weights(LanguageModel& model);

/// `model`, which must suit, with all matrices in blocks of eight bits (Q8_0, kernels/q8_0.h), in
/// memory of their own: 0.27 of the float32 weights. `model` loses its weights and cannot be used
/// any more: each matrix is freed once it is quantized, so that not all of both are ever there.
/// Throws OptionError, before anything is changed, unless it suits, and dim and hidden_dim are
/// multiples of 32.
EngineModel quantize_weights(LanguageModel& model);

}  // namespace minillama
