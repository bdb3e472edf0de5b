#include "minillama/engine/engine_model.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "minillama/core/check.h"
#include "minillama/core/thread_pool.h"
#include "minillama/io/mapped_file.h"
#include "minillama/model/lora.h"

namespace minillama {
namespace {

/// Tensors whose memory the model points to.
using SharedWeights = std::vector<torch::Tensor>;

EngineNorm share(const Norm& norm, SharedWeights& shared) {
  shared.push_back(norm->weight);
  if (!norm->bias.defined()) return {norm->weight.data_ptr<float>()};
  shared.push_back(norm->bias);
  return {norm->weight.data_ptr<float>(), norm->bias.data_ptr<float>()};
}

EngineMatrix share(const torch::Tensor& weight, SharedWeights& shared) {
  shared.push_back(weight);
  return {.rows = static_cast<std::size_t>(weight.size(0)),
          .cols = static_cast<std::size_t>(weight.size(1)),
          .floats = weight.data_ptr<float>()};
}

std::vector<EngineMatrix*> matrices_of(EngineModel& model) {
  std::vector<EngineMatrix*> matrices{&model.embeddings};
  for (EngineLayer& layer : model.layers) {
    for (auto* matrix :
         {&layer.query, &layer.key, &layer.value, &layer.output, &layer.w1, &layer.w2, &layer.w3}) {
      matrices.push_back(matrix);
    }
  }
  if (!model.config.tied_embeddings) matrices.push_back(&model.head);
  return matrices;
}

std::vector<EngineNorm*> norms_of(EngineModel& model) {
  std::vector<EngineNorm*> norms{&model.norm};
  for (EngineLayer& layer : model.layers) {
    norms.push_back(&layer.attention_norm);
    norms.push_back(&layer.ffn_norm);
  }
  return norms;
}

/// What quantize_weights() makes.
struct QuantizedWeights {
  std::unique_ptr<kernels::Q8Block[]> blocks;
  std::vector<float> norms;
};

/// The parameter of `model` whose memory begins at `data`.
torch::Tensor parameter_at(LanguageModel& model, const float* data) {
  for (auto& parameter : model->parameters()) {
    if (parameter.numel() > 0 && parameter.data_ptr<float>() == data) return parameter;
  }
  return {};
}

/// Quantizes `weight` and frees it. If no other tensor shares its memory, each strip of rows is
/// given back at once, so that never the whole matrix is there in both forms.
void quantize_and_free(torch::Tensor weight, kernels::Q8Block* blocks) {
  constexpr std::int64_t kStripRows = 2048;
  const bool shared = weight.storage().use_count() > 1;
  const auto cols = static_cast<std::size_t>(weight.size(1));
  const float* floats = weight.data_ptr<float>();
  for (std::int64_t strip = 0; strip < weight.size(0); strip += kStripRows) {
    const std::int64_t strip_end = std::min(weight.size(0), strip + kStripRows);
    parallel_for(strip_end - strip, 64, [&](std::int64_t begin, std::int64_t end) {
      const std::size_t first = static_cast<std::size_t>(strip + begin) * cols;
      kernels::quantize(kernels::best_isa(), static_cast<std::size_t>(end - begin) * cols,
                        floats + first, blocks + first / kernels::kBlockSize);
    });
    if (shared) continue;
    const std::span rows(floats + static_cast<std::size_t>(strip) * cols,
                         static_cast<std::size_t>(strip_end - strip) * cols);
    MappedFile::release(std::as_bytes(rows));
  }
  weight.set_data(torch::empty({0}));
}

}  // namespace

bool suits_engine(LanguageModel& model) {
  require_module(model, "the language model");
  const bool plain = std::ranges::all_of(model->parameters(), [](const torch::Tensor& parameter) {
    return parameter.is_cpu() && parameter.scalar_type() == torch::kFloat &&
           parameter.is_contiguous();
  });
  const bool adapted = !active_adapter(model->llama).empty() && !is_merged(model->llama);
  return plain && !adapted && model->config().attention == AttentionKind::causal;
}

EngineModel share_weights(LanguageModel& model) {
  if (!suits_engine(model)) {
    throw OptionError("an engine needs a causal model in float32 on the CPU, its adapter merged");
  }
  auto shared = std::make_shared<SharedWeights>();
  EngineModel out{.config = model->config(),
                  .embeddings = share(model->llama->tok_embeddings->weight, *shared),
                  .norm = share(model->llama->norm, *shared)};
  out.head = model->output.is_empty() ? out.embeddings : share(model->output->weight, *shared);
  for (const auto& module : *model->llama->layers) {
    auto* layer = module->as<DecoderLayer>();
    out.layers.push_back({.attention_norm = share(layer->attention_norm, *shared),
                          .query = share(layer->attention->compute_query->weight, *shared),
                          .key = share(layer->attention->compute_key->weight, *shared),
                          .value = share(layer->attention->compute_value->weight, *shared),
                          .output = share(layer->attention->compute_output->weight, *shared),
                          .ffn_norm = share(layer->ffn_norm, *shared),
                          .w1 = share(layer->feed_forward->w1->weight, *shared),
                          .w2 = share(layer->feed_forward->w2->weight, *shared),
                          .w3 = share(layer->feed_forward->w3->weight, *shared)});
  }
  out.memory = std::move(shared);
  return out;
}

EngineModel quantize_weights(LanguageModel& model) {
  using kernels::kBlockSize;
  require_module(model, "the language model");
  const ModelConfig config = model->config();
  for (const auto& [field, value] :
       {std::pair{"dim", config.dim}, std::pair{"hidden_dim", config.hidden_dim}}) {
    if (value % static_cast<std::int64_t>(kBlockSize) == 0) continue;
    throw OptionError(
        fmt::format("weights of type q8_0 (--weights q8_0) need a {} that is a multiple of {}; the "
                    "model's is {}",
                    field, kBlockSize, value));
  }
  const torch::NoGradGuard no_grad;
  EngineModel out = share_weights(model);
  auto weights = std::make_shared<QuantizedWeights>();
  std::size_t blocks = 0;
  for (const auto* matrix : matrices_of(out)) blocks += matrix->rows * matrix->cols / kBlockSize;
  // Not touched before it is needed, when the first matrices are gone already.
  weights->blocks = std::make_unique_for_overwrite<kernels::Q8Block[]>(blocks);
  weights->norms.reserve(2 * norms_of(out).size() * static_cast<std::size_t>(config.dim));

  kernels::Q8Block* next = weights->blocks.get();
  for (EngineMatrix* matrix : matrices_of(out)) {
    quantize_and_free(parameter_at(model, matrix->floats), next);
    matrix->floats = nullptr;
    matrix->blocks = next;
    next += matrix->rows * matrix->cols / kBlockSize;
  }
  if (config.tied_embeddings) out.head = out.embeddings;
  const auto copy = [&](const float*& values) {
    if (values == nullptr) return;
    weights->norms.insert(weights->norms.end(), values, values + config.dim);
    values = &*weights->norms.end() - config.dim;
  };
  for (EngineNorm* norm : norms_of(out)) {
    copy(norm->gain);
    copy(norm->bias);
  }
  out.memory = std::move(weights);
  return out;
}

}  // namespace minillama
