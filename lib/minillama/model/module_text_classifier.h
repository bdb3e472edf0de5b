#pragma once

#include <filesystem>

#include "minillama/eval/text_classifier.h"
#include "minillama/model/classifier.h"
#include "minillama/model/classifier_file.h"
#include "minillama/text/sentence_template.h"
#include "minillama/text/tokenizer.h"

namespace minillama {

/// A classifier as a torch::nn module, which may be trained on or be on another device, and its
/// tokenizer. Labels and template come from the classifier's config. Of one thread at a time.
class ModuleTextClassifier : public SentenceClassifier {
 public:
  /// Throws OptionError if the options cannot be used or `model` is empty.
  ModuleTextClassifier(Classifier model, Tokenizer tokenizer,
                       const TextClassifierOptions& options = {});

  using SentenceClassifier::classify;
  std::vector<Prediction> classify(std::span<const std::string> sentences) const override;
  std::string prompt(const std::string& sentence) const override;
  const std::vector<std::string>& label_names() const override;
  bool answers_singly() const override {
    return model_->config().pooling != PoolingKind::padded_last;
  }

  /// What the model reads for each sentence. Throws OptionError if one is not valid UTF-8.
  SentenceTemplate::Encoded encode(std::span<const std::string> sentences) const;

  Classifier& model() { return model_; }
  const Tokenizer& tokenizer() const { return tokenizer_; }
  const TextClassifierOptions& options() const { return options_; }

 private:
  Classifier model_;
  Tokenizer tokenizer_;
  TextClassifierOptions options_;
  SentenceTemplate template_;
};

/// Reads a classifier and its tokenizer, which lies beside it unless `tokenizer` names another. See
/// read_classifier() for errors.
ModuleTextClassifier load_classifier(const std::filesystem::path& path,
                                     const LoadOptions& load = {},
                                     const std::filesystem::path& tokenizer = {},
                                     const TextClassifierOptions& options = {});

}  // namespace minillama
