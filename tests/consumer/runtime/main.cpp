// The README's program: runtime CHECKPOINT CLASSIFIER

#include <minillama/eval/text_classifier.h>
#include <minillama/generate/text_generator.h>

#include <iostream>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  auto lm = minillama::TextGenerator::load(argv[1]);
  lm.generate("This movie is", {.max_new_tokens = 5, .temperature = 0}, std::cout);
  lm.use_weights(minillama::weight_format("q8_0"));
  const auto texts = lm.generate_batch({"A dull", "A fine"}, {.max_new_tokens = 3});
  std::cout << texts.at(1).text << '\n';

  auto classifier = minillama::TextClassifier::load(argv[2]);
  const auto [label, name, probability] =
      classifier.classify("A delight from its first scene to its last .");
  std::cout << label << ' ' << name << ' ' << probability << '\n';
  return label >= 3 && probability > 0.2 ? 0 : 1;
}
