#include "minillama/model/module_text_classifier.h"

#include <limits>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/check.h"
#include "minillama/eval/calibration.h"
#include "minillama/eval/label_probabilities.h"

namespace minillama {
namespace {

Classifier given(Classifier model) {
  require_module(model, "the classifier");
  return model;
}

}  // namespace

ModuleTextClassifier::ModuleTextClassifier(Classifier model, Tokenizer tokenizer,
                                           const TextClassifierOptions& options)
    : model_(given(std::move(model))),
      tokenizer_(std::move(tokenizer)),
      options_(options),
      template_(model_->config().sentence_template) {
  if (options_.batch_size < 1) {
    throw OptionError(fmt::format("batch-size is {}, must be at least 1", options_.batch_size));
  }
  if (options_.max_sentence_len < 0) {
    throw OptionError(
        fmt::format("max-sentence-len is {}, must be 0 or positive", options_.max_sentence_len));
  }
}

std::vector<Prediction> ModuleTextClassifier::classify(
    std::span<const std::string> sentences) const {
  const auto encoded = encode(sentences);
  auto model = model_;  // the same module: evaluation leaves it as it was
  const auto scores =
      label_log_probabilities(model, encoded.ids, options_.batch_size, tokenizer_.pad_id());
  const auto* row = scores.data_ptr<double>();
  std::vector<Prediction> predictions;
  for (std::size_t i = 0; i < sentences.size(); ++i, row += scores.size(1)) {
    predictions.push_back(
        with_temperature(to_prediction({row, row + scores.size(1)}), model_->config().temperature));
    predictions.back().is_shortened = encoded.is_shortened[i] != 0;
  }
  return predictions;
}

std::string ModuleTextClassifier::prompt(const std::string& sentence) const {
  return template_.fill(sentence);
}

const std::vector<std::string>& ModuleTextClassifier::label_names() const {
  return model_->config().label_names;
}

SentenceTemplate::Encoded ModuleTextClassifier::encode(
    std::span<const std::string> sentences) const {
  constexpr auto kAll = std::numeric_limits<std::int64_t>::max();
  const bool compatible = model_->config().pooling == PoolingKind::padded_last;
  auto encoded = template_.encode(tokenizer_, sentences,
                                  options_.max_sentence_len > 0 ? options_.max_sentence_len : kAll,
                                  compatible ? kAll : model_->llama->max_tokens());
  remove_padding(encoded.ids, model_->config().pad_id);
  return encoded;
}

ModuleTextClassifier load_classifier(const std::filesystem::path& path, const LoadOptions& load,
                                     const std::filesystem::path& tokenizer,
                                     const TextClassifierOptions& options) {
  auto checkpoint = Checkpoint::open(
      path, {.attention = load.attention, .config = load.config, .tokenizer = tokenizer});
  auto its_tokenizer = checkpoint.tokenizer();
  return {read_classifier(std::move(checkpoint), load), std::move(its_tokenizer), options};
}

}  // namespace minillama
