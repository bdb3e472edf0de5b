#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "minillama/checkpoint/checkpoint.h"
#include "minillama/eval/sentence_classifier.h"
#include "minillama/text/sentence_template.h"
#include "minillama/text/tokenizer.h"
#include "minillama/weights/classifier_config.h"
#include "minillama/weights/weights.h"

namespace minillama {

struct TextClassifierOptions {
  /// Sentences that are padded together if the classifier pools the last padded position; its
  /// answers depend on it. At least 1.
  std::int64_t batch_size = 8;
  /// Use at most this many tokens of a sentence; 0: as many as the model's context takes (under
  /// padded_last pooling: all, as the CMU assignment's reference does).
  std::int64_t max_sentence_len = 0;
};

/// A trained classifier on an engine (engine/engine.h), and its tokenizer. Labels and template come
/// with the classifier.
class TextClassifier : public SentenceClassifier {
 public:
  /// The classifier that was opened: a directory that write_classifier() wrote, or an adapter with
  /// a head and what it names as its base. The weights are used as they lie. Throws FileError if it
  /// is damaged or no classifier, OptionError if the options cannot be used, or the classifier
  /// pools the last padded position: its answers depend on how sentences are batched, which is
  /// ModuleTextClassifier's to say.
  explicit TextClassifier(const Checkpoint& checkpoint, const TextClassifierOptions& options = {});

  /// The same of a path.
  static TextClassifier load(const std::filesystem::path& path, const OpenOptions& open = {},
                             const TextClassifierOptions& options = {});

  using SentenceClassifier::classify;
  std::vector<Prediction> classify(std::span<const std::string> sentences) const override;
  std::string prompt(const std::string& sentence) const override;
  const std::vector<std::string>& label_names() const override { return config_.label_names; }

  const ClassifierConfig& config() const { return config_; }
  const ModelConfig& model_config() const { return weights_->config; }
  const Tokenizer& tokenizer() const { return tokenizer_; }

 private:
  SentenceTemplate::Encoded encode(std::span<const std::string> sentences) const;
  std::vector<Prediction> predict(std::span<const TokenIds> sequences) const;

  ClassifierConfig config_;
  std::shared_ptr<const Weights> weights_;
  ClassifierHead head_;
  Tokenizer tokenizer_;
  TextClassifierOptions options_;
  SentenceTemplate template_;
};

}  // namespace minillama
