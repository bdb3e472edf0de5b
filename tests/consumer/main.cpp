// Generates and classifies with an installed minillama: consumer CHECKPOINT

#include <minillama/minillama.h>

#include <iostream>
#include <sstream>

namespace {

/// The tutorial's training loop, and its adapter.
double train() {
  const minillama::ModelConfig config{.dim = 64,
                                      .n_layers = 2,
                                      .n_heads = 4,
                                      .vocab_size = 512,
                                      .norm = minillama::NormKind::rmsnorm};
  minillama::LanguageModel model(config, minillama::make_generator(1));
  minillama::AdamW optimizer(model->parameters(), {.lr = 1e-3});
  model->train();
  double last = 0;
  for (int step = 0; step < 3; ++step) {
    auto batch = torch::arange(8 * 33).remainder(512).view({8, 33});
    auto logits = model(batch.slice(1, 0, -1));
    auto loss = torch::cross_entropy_loss(logits.flatten(0, 1), batch.slice(1, 1).flatten());
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    last = loss.item<double>();
  }
  minillama::add_adapter(model->llama, "mine",
                         {.rank = 8, .targets = {"compute_query", "compute_value"}},
                         minillama::make_generator(2));
  minillama::train_only_adapter(model->llama, "mine");
  return last;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto lm = minillama::load_language_model(argv[1]);
  std::ostringstream continuation;
  lm.generate("This movie is", {.max_new_tokens = 5, .temperature = 0}, continuation);
  std::cout << "continued: " << continuation.str() << '\n';
  if (continuation.str().empty()) return 1;

  minillama::ZeroShotClassifier classifier(
      minillama::decoder_source(lm.model()),
      minillama::read_tokenizer_for(argv[1], lm.model()->config()), {"bad", "good"});
  const auto answer = classifier.classify("A delight from its first scene to its last .");
  std::cout << "classified: " << answer.name << ' ' << answer.probability << '\n';
  if (!(answer.probability >= 0.5 && answer.probability <= 1)) return 1;

  const double loss = train();
  std::cout << "trained: " << loss << '\n';
  if (!(loss > 0 && loss < 6.3)) return 1;  // it began at log 512

  try {
    minillama::load_language_model("/absent");
  } catch (const minillama::FileError& error) {
    std::cout << "refused: " << error.what() << '\n';
    return 0;
  }
  return 1;
}
