#include "minillama/eval/label_probabilities.h"

#include <algorithm>
#include <numeric>

#include "minillama/core/check.h"
#include "minillama/nn/mode_scope.h"
#include "minillama/ops/parallel_parts.h"

namespace minillama {
namespace {

/// Tokens in a batch's rows: enough to keep the matrix products busy, few enough for the cache.
constexpr std::int64_t kBatchTokens = 512;

std::vector<std::vector<std::size_t>> consecutive_batches(std::size_t count, std::size_t size) {
  std::vector<std::vector<std::size_t>> batches;
  for (std::size_t start = 0; start < count; start += size) {
    auto& batch = batches.emplace_back(std::min(size, count - start));
    std::iota(batch.begin(), batch.end(), start);
  }
  return batches;
}

}  // namespace

torch::Tensor label_log_probabilities(Classifier& model, std::span<const TokenIds> sequences,
                                      std::int64_t batch_size, std::int64_t pad_id) {
  require_module(model, "the classifier");
  require(batch_size >= 1, "batch_size", batch_size, "be at least 1");
  require_lengths(lengths_of(sequences), 1);
  const torch::NoGradGuard no_grad;
  const ModeScope evaluating(*model, Mode::evaluation);
  const auto pooling = model->config().pooling;
  const auto device = model->classifier_head->weight.device();
  const auto batches =
      pooling == PoolingKind::padded_last
          ? consecutive_batches(sequences.size(), static_cast<std::size_t>(batch_size))
          : batches_by_length(lengths_of(sequences), kBatchTokens, parallel_workers(device));

  auto all = torch::empty({std::ssize(sequences), std::ssize(model->config().label_names)},
                          torch::kDouble);
  parallel_parts(device, std::ssize(batches), [&](std::int64_t part) {
    const auto& indices = batches[static_cast<std::size_t>(part)];
    std::vector<TokenIds> members;
    for (const auto index : indices) members.push_back(sequences[index]);
    auto input = classifier_input(members, pooling, pad_id);
    input.ids = input.ids.to(device);
    const std::vector<std::int64_t> rows(indices.begin(), indices.end());
    all.index_copy_(0, torch::tensor(rows, torch::kLong),
                    model(input).log_softmax(-1).to(torch::kCPU, torch::kDouble));
  });
  return all;
}

}  // namespace minillama
