// A language model becomes a classifier: low-rank adapters and a head are trained on labelled
// sentences, the best epoch is kept in a directory, read again and used.
//
//     fine_tune CHECKPOINT TRAIN DEV OUT_DIR
//
// TRAIN and DEV hold lines like "1 ||| A delight ." with 0 for bad and 1 for good.

#include <minillama/minillama.h>

#include <cstdio>
#include <exception>

namespace {

void run(const char* checkpoint, const char* train, const char* dev, const char* directory) {
  minillama::set_threads(minillama::default_threads());
  const auto generator = minillama::make_generator(1337);  // of everything that is random

  auto lm = minillama::read_language_model(checkpoint, {.generator = generator});
  minillama::add_adapter(lm->llama, "mood", {.rank = 8, .alpha = 16}, generator);
  const minillama::ClassifierConfig config{.label_names = {"bad", "good"}};
  minillama::Classifier model(lm->llama, config, generator);
  minillama::train_only_adapter(lm->llama, "mood");

  minillama::ModuleTextClassifier classifier(model,
                                       minillama::read_tokenizer_for(checkpoint, lm->config()));
  const auto examples = [&](const char* path) {
    return encode(classifier, minillama::read_labelled_sentences(path, 2));
  };
  minillama::FineTuning training(model, examples(train), examples(dev),
                                 {.epochs = 5, .batches = {.size = 4}, .optimizer = {.lr = 4e-3}},
                                 generator);
  training.run({.after_epoch = [](const minillama::EpochMetrics& metrics, bool is_best) {
    std::printf("epoch %d: loss %.3f, accuracy on dev %.3f%s\n", static_cast<int>(metrics.epoch),
                metrics.train_loss, metrics.dev_accuracy, is_best ? " *" : "");
  }});
  minillama::write_classifier(directory, model, classifier.tokenizer());

  auto again = minillama::load_classifier(directory);
  const auto [label, name, probability] = again.classify("A delight from start to end .");
  std::printf("%s %.2f\n", name.c_str(), probability);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s CHECKPOINT TRAIN DEV OUT_DIR\n", argv[0]);
    return 2;
  }
  try {
    run(argv[1], argv[2], argv[3], argv[4]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
