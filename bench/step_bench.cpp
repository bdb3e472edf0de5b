// Time of a training step, forward, backward and AdamW, of a 5-million-parameter classifier against
// the tokens in a batch, in sequences of 128. "items_per_second" are tokens.

#include <numeric>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include "minillama/core/device.h"
#include "minillama/model/classifier.h"
#include "minillama/optim/adamw.h"
#include "minillama/train/training_step.h"

namespace {

using namespace minillama;

constexpr std::int64_t kLength = 128;
constexpr std::int64_t kVocabulary = 8192;

/// `count` sequences of token ids that are as good as random.
Examples make_examples(std::int64_t count) {
  const auto rows = torch::randint(kVocabulary, {count, kLength}, make_generator(2), torch::kLong);
  Examples examples;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto* ids = rows[i].data_ptr<std::int64_t>();
    examples.ids.emplace_back(ids, ids + kLength);
    examples.labels.push_back(i % 2);
  }
  return examples;
}

void step(benchmark::State& state, std::int64_t tokens) {
  const ModelConfig config{.dim = 256,
                           .n_layers = 4,
                           .n_heads = 8,
                           .n_kv_heads = 4,
                           .vocab_size = kVocabulary,
                           .max_seq_len = 512};
  Classifier model(Llama(config, make_generator(1)),
                   ClassifierConfig{.label_names = {"bad", "good"}}, make_generator(1));
  AdamW optimizer(model->parameters());
  const auto examples = make_examples(tokens / kLength);
  std::vector<std::size_t> indices(examples.size());
  std::iota(indices.begin(), indices.end(), 0);
  const auto divisor = std::ssize(indices);
  training_step(model, optimizer, examples, indices, divisor);  // the first one finds memory
  for (auto _ : state) training_step(model, optimizer, examples, indices, divisor);
  state.SetItemsProcessed(state.iterations() * tokens);
}

}  // namespace

int main(int argc, char* argv[]) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  set_threads(available_processors());
  for (const std::int64_t tokens : {512, 1024, 2048, 4096, 8192, 16384}) {
    benchmark::RegisterBenchmark(("step of " + std::to_string(tokens)).c_str(), step, tokens)
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime();
  }
  benchmark::RunSpecifiedBenchmarks();
}
