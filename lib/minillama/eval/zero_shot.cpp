#include "minillama/eval/zero_shot.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/check.h"
#include "minillama/eval/label_likelihoods.h"
#include "minillama/text/batch.h"
#include "minillama/text/sentiment_prompt.h"

namespace minillama {
namespace {

LanguageModel given(LanguageModel model) {
  require_module(model, "the language model");
  return model;
}

std::vector<TokenIds> encode_labels(const Tokenizer& tokenizer, std::span<const std::string> names,
                                    TextPlace place) {
  if (names.size() < 2) {
    throw OptionError(fmt::format("{} labels, at least 2 are needed", names.size()));
  }
  std::vector<TokenIds> all;
  for (auto name = names.begin(); name != names.end(); ++name) {
    all.push_back(tokenizer.encode(*name, place));
    if (all.back().empty() || std::find(names.begin(), name, *name) != name) {
      throw OptionError(fmt::format("label name {} is empty or there twice", quote(*name)));
    }
  }
  return all;
}

SentenceTemplate template_of(const ZeroShotOptions& options,
                             std::span<const std::string> label_names) {
  if (options.sentence_template) return SentenceTemplate(*options.sentence_template);
  // The reference's prompt ends with a space. For the principled scoring the space is the label's,
  // as that of any word is: see TextPlace.
  return SentenceTemplate(fmt::format("{{sentence}} {}{}", sentiment_question(label_names),
                                      options.compatible ? " " : ""));
}

}  // namespace

ZeroShotClassifier::ZeroShotClassifier(LanguageModel model, Tokenizer tokenizer,
                                       std::vector<std::string> label_names,
                                       const ZeroShotOptions& options)
    : model_(given(std::move(model))),
      tokenizer_(std::move(tokenizer)),
      label_names_(std::move(label_names)),
      options_(options),
      label_ids_(
          encode_labels(tokenizer_, label_names_,
                        options_.compatible ? TextPlace::continuation : TextPlace::after_space)),
      plan_(label_ids_),
      template_(template_of(options_, label_names_)) {
  if (options_.batch_size < 1) {
    throw OptionError(fmt::format("batch-size is {}, must be at least 1", options_.batch_size));
  }
  if (options_.max_sentence_len < 0) {
    throw OptionError(
        fmt::format("max-sentence-len is {}, must be 0 or positive", options_.max_sentence_len));
  }
  if (options_.compatible) {
    if (options_.calibrate) throw OptionError("calibration does not go with the compatible mode");
    return;
  }
  if (model_->config().attention != AttentionKind::causal) {
    throw OptionError(
        "scoring a label needs causal attention: under full attention it would see itself");
  }
  encode_prompts({});  // throws if the text around a sentence leaves no room for one
  if (options_.calibrate) {
    const std::vector<std::string> content_free{"N/A"};
    bias_ = score(content_free).front();
  }
}

std::string ZeroShotClassifier::prompt(const std::string& sentence) const {
  return template_.fill(sentence);
}

std::vector<Prediction> ZeroShotClassifier::classify(std::span<const std::string> sentences) {
  const auto scores = options_.compatible ? score_compatible(sentences) : score(sentences);
  std::vector<Prediction> predictions;
  for (auto of_labels : scores) {
    for (std::size_t i = 0; i < bias_.size(); ++i) of_labels[i] -= bias_[i];
    predictions.push_back(to_prediction(of_labels));
  }
  return predictions;
}

std::vector<TokenIds> ZeroShotClassifier::encode_prompts(std::span<const std::string> sentences) {
  const auto room = model_->config().max_seq_len - plan_.longest();
  auto [ids, n_shortened] =
      template_.encode(tokenizer_, sentences,
                       options_.max_sentence_len > 0 ? options_.max_sentence_len : room, room);
  n_shortened_ += n_shortened;
  return std::move(ids);
}

std::vector<LabelScores> ZeroShotClassifier::score(std::span<const std::string> sentences) {
  return label_log_likelihoods(model_, encode_prompts(sentences), plan_);
}

std::vector<LabelScores> ZeroShotClassifier::score_compatible(
    std::span<const std::string> sentences) {
  const torch::NoGradGuard no_grad;
  const auto device = model_->llama->tok_embeddings->weight.device();
  const auto batch_size = static_cast<std::size_t>(options_.batch_size);
  std::vector<LabelScores> scores;
  for (std::size_t start = 0; start < sentences.size(); start += batch_size) {
    std::vector<TokenIds> sequences;
    for (const auto& sentence :
         sentences.subspan(start, std::min(batch_size, sentences.size() - start))) {
      auto ids = tokenizer_.encode(prompt(sentence));
      const auto most = static_cast<std::size_t>(options_.max_sentence_len);
      if (most > 0 && ids.size() > most) {
        ids.resize(most);
        ++n_shortened_;
      }
      sequences.push_back(with_bos(tokenizer_, ids));
    }
    const auto rows = pad_right(sequences, tokenizer_.pad_id()).to(device);
    const auto last = model_->llama->forward(rows).select(1, -1);
    const auto log_probabilities = model_->logits(last).log_softmax(-1).cpu();
    for (std::int64_t row = 0; row < rows.size(0); ++row) {
      auto& of_row = scores.emplace_back();
      for (const auto& ids : label_ids_) {
        const auto tokens = torch::tensor(ids, torch::kLong);
        of_row.push_back(log_probabilities[row].index_select(0, tokens).sum().item<double>());
      }
    }
  }
  return scores;
}

}  // namespace minillama
