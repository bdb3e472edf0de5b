#include "minillama/eval/zero_shot.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/require.h"
#include "minillama/eval/label_length.h"
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

std::vector<SentenceTemplate> templates_of(const ZeroShotOptions& options,
                                           std::span<const std::string> label_names) {
  auto texts = options.templates;
  if (texts.empty()) {
    // The reference's prompt ends with a space. For the principled scoring the space is the
    // label's, as that of any word is: see TextPlace.
    texts.push_back(options.chat ? sentiment_conversation(label_names)
                                 : fmt::format("{{sentence}} {}{}", sentiment_question(label_names),
                                               options.compatible ? " " : ""));
  }
  std::vector<SentenceTemplate> templates;
  for (const auto& text : texts) {
    templates.push_back(options.chat ? SentenceTemplate(text, *options.chat, options.shots)
                                     : SentenceTemplate(text, options.shots));
  }
  return templates;
}

/// Throws OptionError, also about what does not go with the compatible mode.
void check(const ZeroShotOptions& options, const ModelConfig& model) {
  require(options.batch_size >= 1, "batch-size", options.batch_size, "be at least 1");
  require(options.max_sentence_len >= 0, "max-sentence-len", options.max_sentence_len,
          "be 0 or positive");
  label_length(options.length_normalization);
  if (options.prior) label_prior_kind(*options.prior);
  if (!options.compatible) {
    if (model.attention == AttentionKind::causal) return;
    throw OptionError(
        "scoring a label needs causal attention: under full attention it would see itself");
  }
  const auto refuse = [](bool is_asked_for, std::string_view what) {
    if (!is_asked_for) return;
    throw OptionError(fmt::format("{} not go with the compatible mode", what));
  };
  refuse(options.prior.has_value(), "calibration does");
  refuse(options.chat.has_value(), "a chat template does");
  refuse(options.templates.size() > 1, "several templates do");
  refuse(!options.shots.empty(), "shots do");
  refuse(options.length_normalization != "none", "length normalization does");
}

/// The mean of what several templates answer about a sentence.
Prediction mean(std::span<const Prediction> predictions) {
  auto all = predictions.front();
  if (predictions.size() == 1) return all;
  for (std::size_t label = 0; label < all.probabilities.size(); ++label) {
    double sum = 0;
    for (const auto& one : predictions) sum += one.probabilities[label];
    all.probabilities[label] = sum / static_cast<double>(predictions.size());
  }
  all.label = std::ranges::max_element(all.probabilities) - all.probabilities.begin();
  all.is_shortened = std::ranges::any_of(predictions, &Prediction::is_shortened);
  return all;
}

}  // namespace

ZeroShotClassifier::ZeroShotClassifier(DecoderSource model, Tokenizer tokenizer,
                                       std::vector<std::string> label_names,
                                       const ZeroShotOptions& options)
    : model_(given(std::move(model))),
      tokenizer_(std::move(tokenizer)),
      label_names_(std::move(label_names)),
      options_(options) {
  check(options_, model_.config);
  for (auto& sentence_template : templates_of(options_, label_names_)) {
    questions_.push_back(make_question(std::move(sentence_template)));
  }
}

ZeroShotClassifier::Question ZeroShotClassifier::make_question(
    SentenceTemplate sentence_template) const {
  const auto place =
      options_.compatible ? TextPlace::continuation : sentence_template.place_behind();
  auto label_ids = encode_labels(tokenizer_, label_names_, place);
  LabelPlan plan(label_ids);
  Question question{std::move(sentence_template), std::move(label_ids), std::move(plan)};
  if (!options_.compatible) encode(question, {});  // throws if there is no room for a sentence
  if (!options_.prior) {
    question.log_prior.resize(label_names_.size());
  } else if (const auto& kind = label_prior_kind(*options_.prior); !kind.is_of_sentences()) {
    question.log_prior =
        log_prior(score(question, kind.prompts({.sentence_template = question.sentence_template,
                                                .tokenizer = tokenizer_,
                                                .texts = options_.prior->texts,
                                                .max_tokens = room(question)})));
  }
  return question;
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
  return questions_.front().sentence_template.fill(sentence);
}

bool ZeroShotClassifier::answers_singly() const {
  const bool is_of_sentences =
      options_.prior && label_prior_kind(*options_.prior).is_of_sentences();
  return !options_.compatible && !is_of_sentences;
}

std::vector<Prediction> ZeroShotClassifier::classify(std::span<const std::string> sentences) const {
  std::vector<std::vector<Prediction>> by_sentence(sentences.size());
  for (const auto& question : questions_) {
    const auto answers = answer(question, sentences);
    for (std::size_t i = 0; i < answers.size(); ++i) by_sentence[i].push_back(answers[i]);
  }
  std::vector<Prediction> predictions;
  for (const auto& answers : by_sentence) predictions.push_back(mean(answers));
  return predictions;
}

std::vector<Prediction> ZeroShotClassifier::answer(const Question& question,
                                                   std::span<const std::string> sentences) const {
  const auto encoded = encode(question, sentences);
  const auto scores = score(question, encoded.ids);
  auto prior = question.log_prior;
  if (prior.empty() && !scores.empty()) {
    if (scores.size() == 1) {
      throw OptionError(
          "batch calibration compares the sentences of a set: of one alone nothing is left");
    }
    prior = log_prior(scores);
  }
  std::vector<Prediction> predictions;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    auto of_labels = scores[i];
    for (std::size_t label = 0; label < prior.size(); ++label) of_labels[label] -= prior[label];
    predictions.push_back(to_prediction(of_labels));
    predictions.back().is_shortened = encoded.is_shortened[i] != 0;
  }
  return predictions;
}

/// Tokens that a prompt may have.
std::int64_t ZeroShotClassifier::room(const Question& question) const {
  return model_.config.max_seq_len - question.plan.longest();
}

SentenceTemplate::Encoded ZeroShotClassifier::encode(const Question& question,
                                                     std::span<const std::string> sentences) const {
  if (!options_.compatible) {
    const auto most = room(question);
    return question.sentence_template.encode(
        tokenizer_, sentences, options_.max_sentence_len > 0 ? options_.max_sentence_len : most,
        most);
  }
  SentenceTemplate::Encoded encoded;
  for (const auto& sentence : sentences) {
    auto ids = tokenizer_.encode(question.sentence_template.fill(sentence));
    const auto most = static_cast<std::size_t>(options_.max_sentence_len);
    const bool is_shortened = most > 0 && ids.size() > most;
    if (is_shortened) ids.resize(most);
    encoded.ids.push_back(with_bos(tokenizer_, ids));
    encoded.is_shortened.push_back(is_shortened ? 1 : 0);
  }
  return encoded;
}

std::vector<LabelScores> ZeroShotClassifier::score(const Question& question,
                                                   const std::vector<TokenIds>& prompts) const {
  if (options_.compatible) return compatible_scores(question, prompts);
  auto scores = label_log_likelihoods(model_, prompts, question.plan);
  const auto& length = label_length(options_.length_normalization);
  for (std::size_t label = 0; label < label_names_.size(); ++label) {
    const double n = length.of(label_names_[label], question.label_ids[label]);
    for (auto& of_labels : scores) of_labels[label] /= n;
  }
  return scores;
}

std::vector<LabelScores> ZeroShotClassifier::compatible_scores(
    const Question& question, const std::vector<TokenIds>& prompts) const {
  std::vector<LabelScores> scores;
  const auto batch_size = static_cast<std::size_t>(options_.batch_size);
  for (std::size_t start = 0; start < prompts.size(); start += batch_size) {
    const auto batch =
        std::span(prompts).subspan(start, std::min(batch_size, prompts.size() - start));
    std::vector<TokenIds> rows(batch.begin(), batch.end());
    const auto longest = std::ranges::max(rows, {}, &TokenIds::size).size();
    for (auto& row : rows) row.resize(longest, tokenizer_.pad_id());
    std::ranges::move(label_scores_at_end(model_, rows, question.label_ids),
                      std::back_inserter(scores));
  }
  return scores;
}

}  // namespace minillama
