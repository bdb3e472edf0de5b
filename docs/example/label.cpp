// Labels the lines of standard input from several threads, as a server's requests would come, and
// tells which of the other lines each is most like.
//
//     label CLASSIFIER LANGUAGE_MODEL < texts.txt

#include <minillama/eval/text_classifier.h>
#include <minillama/eval/text_states.h>

#include <atomic>
#include <cmath>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

/// Each thread takes the next text that nobody has; all share one classifier.
std::vector<minillama::Classification> classify(const minillama::TextClassifier& classifier,
                                                const std::vector<std::string>& texts) {
  std::vector<minillama::Classification> answers(texts.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < texts.size(); i = next++) {
      answers[i] = classifier.classify(texts[i]);
    }
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  threads.clear();  // waits for them
  return answers;
}

double cosine(const float* a, const float* b, std::size_t dim) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < dim; ++i) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return ab / std::sqrt(aa * bb);
}

void run(const char* classifier_path, const char* model_path) {
  std::vector<std::string> texts;
  for (std::string line; std::getline(std::cin, line);) texts.push_back(line);
  const auto answers = classify(minillama::TextClassifier::load(classifier_path), texts);

  const auto checkpoint = minillama::Checkpoint::open(model_path);
  const auto tokenizer = checkpoint.tokenizer();
  std::vector<minillama::TokenIds> ids;
  for (const auto& text : texts) ids.push_back(tokenizer.encode(text));
  const auto weights = std::make_shared<const minillama::Weights>(checkpoint.language_model());
  const auto states = minillama::last_states(minillama::decoder_source(weights), ids);
  const auto dim = states.size() / texts.size();

  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::size_t nearest = i;
    double best = -1;
    for (std::size_t j = 0; j < texts.size(); ++j) {
      const double likeness = cosine(&states[i * dim], &states[j * dim], dim);
      if (j == i || likeness <= best) continue;
      best = likeness;
      nearest = j;
    }
    std::printf("%s (%.2f), like %zu: %s\n", answers[i].name.c_str(), answers[i].probability,
                nearest + 1, texts[i].c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 3) return 2;
    run(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
