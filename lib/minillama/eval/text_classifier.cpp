#include "minillama/eval/text_classifier.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/thread_pool.h"
#include "minillama/core/threads.h"
#include "minillama/engine/engine.h"
#include "minillama/eval/calibration.h"
#include "minillama/kernels/matmul.h"
#include "minillama/text/batches.h"

namespace minillama {
namespace {

/// Tokens that go through the model together: enough for the weights to be read rarely, few enough
/// for what is computed to stay in cache.
constexpr std::int64_t kBatchTokens = 256;

/// The mean of rows [T, D], or the one there is.
std::vector<float> mean_of_rows(std::span<const float> rows, std::size_t dim) {
  std::vector<double> sum(dim);
  for (std::size_t i = 0; i < rows.size(); ++i) sum[i % dim] += rows[i];
  const double count = static_cast<double>(rows.size() / dim);
  std::vector<float> mean(dim);
  std::ranges::transform(sum, mean.begin(),
                         [&](double total) { return static_cast<float>(total / count); });
  return mean;
}

/// log softmax of the head's logits.
std::vector<double> log_probabilities(const ClassifierHead& head, const std::vector<float>& state) {
  const std::size_t n_labels = head.bias.size();
  std::vector<float> logits = head.bias;
  kernels::matmul(kernels::best_isa(), head.weight.data(), n_labels, state.size(),
                  {state.data(), state.size(), 1}, {logits.data(), n_labels}, kernels::Output::add);
  const double most = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - most);
  std::vector<double> scores;
  for (const float logit : logits) scores.push_back(logit - most - std::log(sum));
  return scores;
}

const TextClassifierOptions& checked(const TextClassifierOptions& options) {
  if (options.batch_size < 1) {
    throw OptionError(fmt::format("batch-size is {}, must be at least 1", options.batch_size));
  }
  if (options.max_sentence_len < 0) {
    throw OptionError(
        fmt::format("max-sentence-len is {}, must be 0 or positive", options.max_sentence_len));
  }
  return options;
}

ClassifierConfig config_of(const Checkpoint& checkpoint) {
  const auto& config = checkpoint.stored_classifier().classifier;
  if (config->pooling == PoolingKind::padded_last) {
    throw OptionError(
        fmt::format("{} pools the last padded position, which depends on the batch: load it as a "
                    "module (load_classifier())",
                    quote(checkpoint.path().native(), 400)));
  }
  return *config;
}

}  // namespace

TextClassifier::TextClassifier(const Checkpoint& checkpoint, const TextClassifierOptions& options)
    : config_(config_of(checkpoint)),
      weights_(std::make_shared<const Weights>(checkpoint.weights())),
      head_(checkpoint.head()),
      tokenizer_(checkpoint.tokenizer()),
      options_(checked(options)),
      template_(config_.sentence_template) {}

TextClassifier TextClassifier::load(const std::filesystem::path& path, const OpenOptions& open,
                                    const TextClassifierOptions& options) {
  return TextClassifier(Checkpoint::open(path, open), options);
}

std::string TextClassifier::prompt(const std::string& sentence) const {
  return template_.fill(sentence);
}

SentenceTemplate::Encoded TextClassifier::encode(std::span<const std::string> sentences) const {
  constexpr auto kAll = std::numeric_limits<std::int64_t>::max();
  auto encoded = template_.encode(tokenizer_, sentences,
                                  options_.max_sentence_len > 0 ? options_.max_sentence_len : kAll,
                                  weights_->config.max_seq_len);
  remove_padding(encoded.ids, config_.pad_id);
  return encoded;
}

std::vector<Prediction> TextClassifier::classify(std::span<const std::string> sentences) const {
  const auto encoded = encode(sentences);
  auto predictions = predict(encoded.ids);
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    predictions[i].is_shortened = encoded.is_shortened[i] != 0;
  }
  return predictions;
}

std::vector<Prediction> TextClassifier::predict(std::span<const TokenIds> sequences) const {
  const auto batches = batches_by_length(lengths_of(sequences), kBatchTokens, threads());
  std::vector<Prediction> predictions(sequences.size());
  const auto dim = static_cast<std::size_t>(weights_->config.dim);
  const auto classify_batch = [&](const std::vector<std::size_t>& batch) {
    Engine engine(weights_, batch.size(), sequences[batch.front()].size());  // the longest
    std::vector<Continuation> continuations;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto& ids = sequences[batch[i]];
      const auto n_states = config_.pooling == PoolingKind::mean ? ids.size() : 1;
      continuations.push_back({.sequence = i, .ids = ids, .n_logits = 0, .n_states = n_states});
    }
    engine.append(continuations);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      predictions[batch[i]] = with_temperature(
          to_prediction(log_probabilities(head_, mean_of_rows(engine.states(i), dim))),
          config_.temperature);
    }
  };
  if (batches.size() == 1) {
    classify_batch(batches.front());  // whose passes are shared out
    return predictions;
  }
  std::atomic<std::size_t> next = 0;
  run_team(batches.size(), [&](std::size_t) {
    for (auto i = next++; i < batches.size(); i = next++) classify_batch(batches[i]);
  });
  return predictions;
}

}  // namespace minillama
