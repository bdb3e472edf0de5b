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
#include "minillama/eval/sentence_classifier.h"
#include "minillama/generate/decoder.h"
#include "minillama/text/chat_template.h"
#include "minillama/text/sentence_template.h"
#include "minillama/text/tokenizer.h"

namespace minillama {

struct ZeroShotOptions {
  /// Score as the CMU assignment's reference does (see ZeroShotClassifier).
  bool compatible = false;
  /// The text that a label completes, such as "{sentence} The acting is"; by default the sentence
  /// and the assignment's question (text/sentiment_prompt.h).
  std::optional<std::string> sentence_template;
  /// Ask in a conversation: the template says what the user writes and how the answer begins
  /// (text/sentence_template.h). Not in the compatible mode.
  std::optional<ChatTemplate> chat;
  /// Compatible only: sentences that are padded to one length together; their scores depend on it.
  std::int64_t batch_size = 10;
  /// Divide out how probable each label is anyway, after a prompt without content, "N/A"
  /// (contextual calibration; Zhao et al. 2021, arXiv:2102.09690). Not in the compatible mode.
  bool calibrate = false;
  /// Use at most this many tokens of a text, question included in the compatible mode; 0: as many
  /// as the model's context takes (compatible: all).
  std::int64_t max_sentence_len = 0;
};

/// Classifies sentences with a language model that was never trained to: it is asked which label it
/// would go on with.
///
/// By default each label scores log p(label | prompt), over all of its tokens, read at the
/// sentence's own last token; that needs a causal model. A sentence too long for the context is cut
/// at its end, the text around it never.
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
  std::string prompt(const std::string& sentence) const override;
  const std::vector<std::string>& label_names() const override { return label_names_; }
  bool answers_singly() const override { return !options_.compatible; }

 private:
  SentenceTemplate::Encoded encode(std::span<const std::string> sentences) const;
  std::vector<LabelScores> score(const std::vector<TokenIds>& prompts) const;

  DecoderSource model_;
  Tokenizer tokenizer_;
  std::vector<std::string> label_names_;
  ZeroShotOptions options_;
  SentenceTemplate template_;
  std::vector<TokenIds> label_ids_;
  LabelPlan plan_;
  LabelScores bias_;  // log-likelihoods without content, to be subtracted
};

}  // namespace minillama
