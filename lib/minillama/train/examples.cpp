#include "minillama/train/examples.h"

namespace minillama {

Examples encode(TextClassifier& classifier, std::span<const LabelledSentence> sentences) {
  Examples examples{.pad_id = classifier.tokenizer().pad_id()};
  for (const auto& [sentence, label] : sentences) {
    examples.ids.push_back(classifier.encode(sentence));
    examples.labels.push_back(label);
  }
  return examples;
}

}  // namespace minillama
