// Generation: a model of 42 million parameters (that of stories42M) and the shapes of two small
// ones, with random weights. "items_per_second" are tokens. Beside them what the machine gives:
// the rate at which two threads read 256 MB of memory, and that of a large matrix product.

#include <iterator>
#include <numeric>
#include <optional>
#include <string>

#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include "minillama/core/device.h"
#include "minillama/generate/sampler.h"
#include "minillama/model/module_decoder.h"
#include "minillama/model/module_weights.h"

namespace {

using namespace minillama;

const ModelConfig k42M{.dim = 512, .n_layers = 8, .n_heads = 8, .max_seq_len = 1025};
const ModelConfig k5M{.dim = 256,
                      .n_layers = 4,
                      .n_heads = 8,
                      .n_kv_heads = 4,
                      .vocab_size = 8192,
                      .max_seq_len = 512};
const ModelConfig k260K{.dim = 64,
                        .n_layers = 5,
                        .n_heads = 8,
                        .n_kv_heads = 4,
                        .hidden_dim = 172,
                        .vocab_size = 512,
                        .max_seq_len = 512,
                        .norm = NormKind::rmsnorm};

LanguageModel make_model(const ModelConfig& config) {
  LanguageModel model(config, make_generator(1));
  model->eval();
  return model;
}

std::vector<std::int64_t> some_ids(std::int64_t count, std::int64_t first = 1) {
  std::vector<std::int64_t> ids(static_cast<std::size_t>(count));
  std::iota(ids.begin(), ids.end(), first);
  return ids;
}

/// How the model is run.
enum class Kind { module, float32, q8_0 };

GenerationOptions greedy(std::int64_t tokens, Kind kind) {
  return {.max_new_tokens = tokens,
          .temperature = 0,
          .stop_at_end = false,
          .use_engine = kind != Kind::module};
}

/// Runs `prompts` as generate_batch() does, by the model or, for q8_0, by its quantized weights.
class Runner {
 public:
  Runner(const ModelConfig& config, Kind kind) : kind_(kind), model_(make_model(config)) {
    if (kind == Kind::q8_0) {
      quantized_ = decoder_source(std::make_shared<const Weights>(
          converted(weights_of(model_), weight_format(DType::q8_0))));
      model_ = nullptr;
    }
  }

  std::vector<Generation> run(const Prompts& prompts, std::int64_t tokens) {
    const auto options = greedy(tokens, kind_);
    return quantized_ ? generate_batch(*quantized_, prompts, options, {})
                      : generate_batch(model_, prompts, options, {});
  }

 private:
  Kind kind_;
  LanguageModel model_{nullptr};
  std::optional<DecoderSource> quantized_;
};

/// Tokens that follow the first, as `generate` counts them.
void decode(benchmark::State& state, const ModelConfig& config, Kind kind, std::int64_t tokens) {
  Runner runner(config, kind);
  for (auto _ : state) {
    state.SetIterationTime(runner.run({some_ids(1)}, tokens).front().decode_seconds);
  }
  state.SetItemsProcessed(state.iterations() * (tokens - 1));
}

/// 32 tokens from behind a position on.
void decode_at(benchmark::State& state, const ModelConfig& config, std::int64_t position) {
  constexpr std::int64_t kTokens = 33;
  Runner runner(config, Kind::float32);
  for (auto _ : state) {
    const auto prompt = some_ids(position - kTokens / 2);
    state.SetIterationTime(runner.run({prompt}, kTokens).front().decode_seconds);
  }
  state.SetItemsProcessed(state.iterations() * (kTokens - 1));
}

void prompt(benchmark::State& state, const ModelConfig& config, Kind kind, std::int64_t length) {
  Runner runner(config, kind);
  for (auto _ : state) {
    state.SetIterationTime(runner.run({some_ids(length)}, 1).front().prompt_seconds);
  }
  state.SetItemsProcessed(state.iterations() * length);
}

/// 16 prompts of different lengths and 128 tokens for each, together or one after the other.
void sixteen_prompts(benchmark::State& state, const ModelConfig& config, Kind kind, bool together) {
  constexpr std::int64_t kPrompts = 16, kTokens = 128;
  Runner runner(config, kind);
  Prompts prompts;
  for (std::int64_t i = 0; i < kPrompts; ++i) prompts.push_back(some_ids(4 + i, i));
  for (auto _ : state) {
    if (together) {
      runner.run(prompts, kTokens);
    } else {
      for (const auto& one : prompts) runner.run({one}, kTokens);
    }
  }
  state.SetItemsProcessed(state.iterations() * kPrompts * kTokens);
}

/// Choosing a token among 32,000 by random logits of deviation 3.
void sample(benchmark::State& state, const GenerationOptions& options) {
  const auto logits = torch::randn({32'000}, make_generator(1)) * 3;
  Sampler sampler(options);
  for (auto _ : state) {
    const auto copy = logits.clone();
    benchmark::DoNotOptimize(
        sampler.next({copy.data_ptr<float>(), static_cast<std::size_t>(copy.numel())}));
  }
  state.SetItemsProcessed(state.iterations());
}

/// The sum of floats, in as many sums as the memory wants requests under way.
float sum(const float* x, std::int64_t size) {
  constexpr std::int64_t kLanes = 32;
  float sums[kLanes] = {};
  for (std::int64_t i = 0; i + kLanes <= size; i += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) sums[lane] += x[i + lane];
  }
  return std::accumulate(std::begin(sums), std::end(sums), 0.0F);
}

void memory_read(benchmark::State& state) {
  const auto memory = torch::rand({64 << 20});
  for (auto _ : state) {
    at::parallel_for(0, memory.numel(), 1, [&](std::int64_t begin, std::int64_t end) {
      benchmark::DoNotOptimize(sum(memory.data_ptr<float>() + begin, end - begin));
    });
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(memory.nbytes()));
}

/// "items_per_second" are floating-point operations.
void sgemm(benchmark::State& state) {
  constexpr std::int64_t kSize = 2048;
  const auto a = torch::rand({kSize, kSize}), b = torch::rand({kSize, kSize});
  auto c = torch::empty({kSize, kSize});
  for (auto _ : state) torch::mm_out(c, a, b);
  state.SetItemsProcessed(state.iterations() * 2 * kSize * kSize * kSize);
}

}  // namespace

int main(int argc, char* argv[]) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  set_threads(available_processors());
  at::set_num_threads(available_processors());  // for the limits, which are LibTorch's

  const auto add = [](const std::string& name, auto function, auto... arguments) {
    return benchmark::RegisterBenchmark(name.c_str(), function, arguments...)
        ->Unit(benchmark::kMillisecond);
  };
  add("limit: memory read", memory_read)->UseRealTime();
  add("limit: sgemm", sgemm)->UseRealTime();
  for (const auto& [name, kind] :
       {std::pair{"module", Kind::module}, {"float32", Kind::float32}, {"q8_0", Kind::q8_0}}) {
    const std::string suffix = std::string(", ") + name;
    add("decode 42M" + suffix, decode, k42M, kind, 256)->UseManualTime();
    add("prompt 42M" + suffix, prompt, k42M, kind, 512)->UseManualTime();
    add("decode 5M" + suffix, decode, k5M, kind, 256)->UseManualTime();
    if (kind == Kind::q8_0) continue;  // 172 is no multiple of 32
    add("decode 260K" + suffix, decode, k260K, kind, 256)->UseManualTime();
  }
  add("sample 32000", sample, GenerationOptions{.temperature = 1});
  add("sample 32000, top-k 40", sample, GenerationOptions{.temperature = 1, .top_k = 40});
  add("sample 32000, top-p 0.9", sample, GenerationOptions{.temperature = 1, .top_p = 0.9});
  add("sample 32000, epsilon", sample, GenerationOptions{.temperature = 0.8, .epsilon = 0.02});
  add("sample 32000, typical-p 0.9", sample, GenerationOptions{.temperature = 1, .typical_p = 0.9});
  add("sample 32000, eta", sample, GenerationOptions{.temperature = 1, .eta = 0.001});
  add("sample 32000, top-n-sigma", sample, GenerationOptions{.temperature = 1, .top_n_sigma = 1});
  add("sample 32000, mirostat", sample, GenerationOptions{.temperature = 1, .mirostat = 5});
  for (const bool together : {false, true}) {
    const std::string name = together ? "16 prompts 42M together" : "16 prompts 42M one by one";
    add(name + ", float32", sixteen_prompts, k42M, Kind::float32, together)->UseRealTime();
    add(name + ", q8_0", sixteen_prompts, k42M, Kind::q8_0, together)->UseRealTime();
  }
  for (const std::int64_t position : {17, 32, 64, 128, 256, 512, 1000}) {
    add("decode 42M at " + std::to_string(position), decode_at, k42M, position)->UseManualTime();
  }
  benchmark::RunSpecifiedBenchmarks();
}
