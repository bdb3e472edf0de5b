// Time of a training step, forward, backward and AdamW, of a 5-million-parameter language model
// against the tokens in a batch, in sequences of 128. "items_per_second" are tokens.

#include <string>

#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include "minillama/core/device.h"
#include "minillama/model/language_model.h"
#include "minillama/optim/adamw.h"

namespace {

using namespace minillama;

void step(benchmark::State& state, std::int64_t tokens) {
  constexpr std::int64_t kLength = 128;
  const ModelConfig config{.dim = 256,
                           .n_layers = 4,
                           .n_heads = 8,
                           .n_kv_heads = 4,
                           .vocab_size = 8192,
                           .max_seq_len = 512};
  LanguageModel model(config, make_generator(1));
  AdamW optimizer(model->parameters());
  const auto ids = torch::randint(config.vocab_size, {tokens / kLength, kLength}, make_generator(2),
                                  torch::kLong);
  for (auto _ : state) {
    optimizer.zero_grad();
    const auto logits = model(ids).flatten(0, 1);
    torch::nn::functional::cross_entropy(logits, ids.flatten()).backward();
    optimizer.step();
  }
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
