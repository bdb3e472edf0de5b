#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "minillama/checkpoint/checkpoint.h"
#include "minillama/eval/label_likelihoods.h"
#include "minillama/eval/label_plan.h"
#include "minillama/eval/label_prior.h"
#include "minillama/eval/sentence_classifier.h"
#include "minillama/generate/decoder.h"
#include "minillama/text/chat_template.h"
#include "minillama/text/sentence_template.h"
#include "minillama/text/shots.h"
#include "minillama/text/tokenizer.h"

namespace minillama {

struct ZeroShotOptions {
  /// Score as the CMU assignment's reference does (see ZeroShotClassifier).
  bool compatible = false;
  /// Texts that a label completes, such as "{sentence} The acting is"; none: the sentence and the
  /// assignment's question (text/sentiment_prompt.h). Not several in the compatible mode.
  std::vector<std::string> templates = {};
  /// Ask in a conversation: a template says what the user writes and how the answer begins
  /// (text/sentence_template.h). Not in the compatible mode.
  std::optional<ChatTemplate> chat = {};
  /// Examples that stand in front of the sentence with their answers (text/shots.h), in a
  /// conversation as turns. Not in the compatible mode.
  std::vector<Shot> shots = {};
  /// By what the log-likelihood of a label is divided (eval/label_length.h): "none", "tokens" or
  /// "bytes". "none" alone in the compatible mode.
  std::string length_normalization = "none";
  /// What is divided out of the labels' probabilities (eval/label_prior.h). Not in the compatible
  /// mode.
  std::optional<LabelPrior> prior = {};
  /// Compatible only: sentences that are padded to one length together; their scores depend on it.
  std::int64_t batch_size = 10;
  /// Use at most this many tokens of a text, question included in the compatible mode; 0: as many
  /// as the model's context takes (compatible: all).
  std::int64_t max_sentence_len = 0;
};

/// Classifies sentences with a language model that was never trained to: it is asked which label it
/// would go on with.
///
/// By default each label scores log p(label | prompt), over all of its tokens, read at the
/// sentence's own last token; that needs a causal model. A sentence too long for the context is cut
/// at its end, the text around it never. With the label's length n and a prior, as options say,
///
///     score(label) = log p(label | prompt) / n - log prior(label)
///
/// and the probabilities of labels are softmax(score). Of several templates their mean is the
/// answer: the linear opinion pool (Stone 1961; of prompts: the ensembles of Jiang et al. 2020,
/// arXiv:1911.12543). It is what is known if any of the templates may be the right one, and no
/// template can rule out a label alone, as one can in a mean of log-probabilities.
///
/// With a prior of the kind "batch" answers depend on the sentences of the call, of which there
/// must be two at least.
///
/// In the compatible mode everything is as in the assignment's reference: the question ends with a
/// space; rows of a batch are padded on the right with `<0x00>` and nothing is masked; the scores
/// of all tokens of a label are read at the last position of the padded row; nothing is cut unless
/// max_sentence_len says so. Set the model's attention to full for it.
///
/// The functions may be called from any number of threads at the same time if the model is
/// concurrent (DecoderSource).
class ZeroShotClassifier : public SentenceClassifier {
 public:
  /// Throws OptionError if the options are not valid or do not go with the model, the model is
  /// empty, or the labels are fewer than two, without tokens or not all different.
  ZeroShotClassifier(DecoderSource model, Tokenizer tokenizer, std::vector<std::string> label_names,
                     const ZeroShotOptions& options = {});

  /// A language model in a file or directory, on an engine. Throws as the above and
  /// Checkpoint::open() do.
  static ZeroShotClassifier load(const std::filesystem::path& path,
                                 std::vector<std::string> label_names,
                                 const ZeroShotOptions& options = {}, const OpenOptions& open = {});

  using SentenceClassifier::classify;
  std::vector<Prediction> classify(std::span<const std::string> sentences) const override;
  /// By the first template, without shots.
  std::string prompt(const std::string& sentence) const override;
  const std::vector<std::string>& label_names() const override { return label_names_; }
  bool answers_singly() const override;

 private:
  /// A template and what scores labels behind it.
  struct Question {
    SentenceTemplate sentence_template;
    std::vector<TokenIds> label_ids;
    LabelPlan plan;
    LabelScores log_prior = {};  // zeros without one; empty if it is that of the sentences
  };
  Question make_question(SentenceTemplate sentence_template) const;
  SentenceTemplate::Encoded encode(const Question& question,
                                   std::span<const std::string> sentences) const;
  std::vector<LabelScores> score(const Question& question,
                                 const std::vector<TokenIds>& prompts) const;
  std::vector<LabelScores> compatible_scores(const Question& question,
                                             const std::vector<TokenIds>& prompts) const;
  std::vector<Prediction> answer(const Question& question,
                                 std::span<const std::string> sentences) const;
  std::int64_t room(const Question& question) const;

  DecoderSource model_;
  Tokenizer tokenizer_;
  std::vector<std::string> label_names_;
  ZeroShotOptions options_;
  std::vector<Question> questions_;
};

}  // namespace minillama
