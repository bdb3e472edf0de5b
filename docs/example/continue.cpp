// The library in a program of one's own: continue a text, then run the model as a torch::nn module.
//
//     continue CHECKPOINT [PROMPT]

#include <minillama/minillama.h>

#include <cstdio>
#include <exception>
#include <iostream>

namespace {

void run(const char* checkpoint, const char* prompt) {
  minillama::set_threads(minillama::default_threads());
  auto lm = minillama::load_language_model(checkpoint);

  std::cout << prompt;
  lm.generate(prompt, {.max_new_tokens = 40, .temperature = 0.8, .epsilon = 0.05}, std::cout);
  std::cout << '\n';

  // How surprised is the model by the text itself? The mean negative log-likelihood of its tokens.
  const auto ids = torch::tensor(
      minillama::with_bos(lm.tokenizer(), lm.tokenizer().encode("This movie is a delight .")));
  const torch::NoGradGuard no_grad;
  const auto logits = lm.model()(ids.unsqueeze(0)).squeeze(0);  // [T, V]
  const auto loss =
      torch::cross_entropy_loss(logits.slice(0, 0, -1), ids.slice(0, 1)).item<double>();
  std::printf("loss per token: %.3f\n", loss);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s CHECKPOINT [PROMPT]\n", argv[0]);
    return 2;
  }
  try {
    run(argv[1], argc > 2 ? argv[2] : "This movie is");
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
