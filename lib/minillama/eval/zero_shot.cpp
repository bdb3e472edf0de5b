#include "minillama/eval/zero_shot.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/text/sentiment_prompt.h"

namespace minillama {
namespace {

DecoderSource given(DecoderSource model) {
  if (!model.make) throw OptionError("there is no language model to ask");
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
  if (options.chat) {
    return {options.sentence_template.value_or(sentiment_conversation(label_names)), *options.chat};
  }
  if (options.sentence_template) return SentenceTemplate(*options.sentence_template);
  // The reference's prompt ends with a space. For the principled scoring the space is the label's,
  // as that of any word is: see TextPlace.
  return SentenceTemplate(fmt::format("{{sentence}} {}{}", sentiment_question(label_names),
                                      options.compatible ? " " : ""));
}

}  // namespace

ZeroShotClassifier::ZeroShotClassifier(DecoderSource model, Tokenizer tokenizer,
                                       std::vector<std::string> label_names,
                                       const ZeroShotOptions& options)
    : model_(given(std::move(model))),
      tokenizer_(std::move(tokenizer)),
      label_names_(std::move(label_names)),
      options_(options),
      template_(template_of(options_, label_names_)),
      label_ids_(
          encode_labels(tokenizer_, label_names_,
                        options_.compatible ? TextPlace::continuation : template_.place_behind())),
      plan_(label_ids_) {
  if (options_.batch_size < 1) {
    throw OptionError(fmt::format("batch-size is {}, must be at least 1", options_.batch_size));
  }
  if (options_.max_sentence_len < 0) {
    throw OptionError(
        fmt::format("max-sentence-len is {}, must be 0 or positive", options_.max_sentence_len));
  }
  if (options_.compatible) {
    if (options_.calibrate) throw OptionError("calibration does not go with the compatible mode");
    if (options_.chat) throw OptionError("a chat template does not go with the compatible mode");
    return;
  }
  if (model_.config.attention != AttentionKind::causal) {
    throw OptionError(
        "scoring a label needs causal attention: under full attention it would see itself");
  }
  encode({});  // throws if the text around a sentence leaves no room for one
  if (options_.calibrate) bias_ = score(encode(std::vector<std::string>{"N/A"}).ids).front();
}

ZeroShotClassifier ZeroShotClassifier::load(const std::filesystem::path& path,
                                            std::vector<std::string> label_names,
                                            const ZeroShotOptions& options,
                                            const OpenOptions& open) {
  const auto checkpoint = Checkpoint::open(path, open);
  return {decoder_source(std::make_shared<const Weights>(checkpoint.language_model())),
          checkpoint.tokenizer(), std::move(label_names), options};
}

std::string ZeroShotClassifier::prompt(const std::string& sentence) const {
  return template_.fill(sentence);
}

std::vector<Prediction> ZeroShotClassifier::classify(std::span<const std::string> sentences) const {
  const auto encoded = encode(sentences);
  const auto scores = score(encoded.ids);
  std::vector<Prediction> predictions;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    auto of_labels = scores[i];
    for (std::size_t label = 0; label < bias_.size(); ++label) of_labels[label] -= bias_[label];
    predictions.push_back(to_prediction(of_labels));
    predictions.back().is_shortened = encoded.is_shortened[i] != 0;
  }
  return predictions;
}

SentenceTemplate::Encoded ZeroShotClassifier::encode(std::span<const std::string> sentences) const {
  if (!options_.compatible) {
    const auto room = model_.config.max_seq_len - plan_.longest();
    return template_.encode(tokenizer_, sentences,
                            options_.max_sentence_len > 0 ? options_.max_sentence_len : room, room);
  }
  SentenceTemplate::Encoded encoded;
  for (const auto& sentence : sentences) {
    auto ids = tokenizer_.encode(prompt(sentence));
    const auto most = static_cast<std::size_t>(options_.max_sentence_len);
    const bool is_shortened = most > 0 && ids.size() > most;
    if (is_shortened) ids.resize(most);
    encoded.ids.push_back(with_bos(tokenizer_, ids));
    encoded.is_shortened.push_back(is_shortened ? 1 : 0);
  }
  return encoded;
}

std::vector<LabelScores> ZeroShotClassifier::score(const std::vector<TokenIds>& prompts) const {
  if (!options_.compatible) return label_log_likelihoods(model_, prompts, plan_);
  std::vector<LabelScores> scores;
  const auto batch_size = static_cast<std::size_t>(options_.batch_size);
  for (std::size_t start = 0; start < prompts.size(); start += batch_size) {
    const auto batch =
        std::span(prompts).subspan(start, std::min(batch_size, prompts.size() - start));
    std::vector<TokenIds> rows(batch.begin(), batch.end());
    const auto longest = std::ranges::max(rows, {}, &TokenIds::size).size();
    for (auto& row : rows) row.resize(longest, tokenizer_.pad_id());
    std::ranges::move(label_scores_at_end(model_, rows, label_ids_), std::back_inserter(scores));
  }
  return scores;
}

}  // namespace minillama
