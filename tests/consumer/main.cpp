// Generates and classifies with an installed minillama: consumer CHECKPOINT

#include <minillama/minillama.h>

#include <iostream>
#include <sstream>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto lm = minillama::load_language_model(argv[1]);
  std::ostringstream continuation;
  lm.generate("This movie is", {.max_new_tokens = 5, .temperature = 0}, continuation);
  std::cout << "continued: " << continuation.str() << '\n';
  if (continuation.str().empty()) return 1;

  minillama::ZeroShotClassifier classifier(
      lm.model(), minillama::read_tokenizer_for(argv[1], lm.model()->config()), {"bad", "good"});
  const auto answer = classifier.classify("A delight from its first scene to its last .");
  std::cout << "classified: " << answer.name << ' ' << answer.probability << '\n';
  if (!(answer.probability >= 0.5 && answer.probability <= 1)) return 1;

  try {
    minillama::load_language_model("/absent");
  } catch (const minillama::FileError& error) {
    std::cout << "refused: " << error.what() << '\n';
    return 0;
  }
  return 1;
}
