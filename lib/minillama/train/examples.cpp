#include "minillama/train/examples.h"

namespace minillama {

Examples encode(TextClassifier& classifier, std::span<const LabelledSentence> sentences) {
  Examples examples{.pad_id = classifier.tokenizer().pad_id()};
  std::vector<std::string> texts;
  for (const auto& [sentence, label] : sentences) {
    texts.push_back(sentence);
    examples.labels.push_back(label);
  }
  examples.ids = classifier.encode(texts);
  return examples;
}

}  // namespace minillama
