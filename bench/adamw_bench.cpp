// One optimizer step over 42 million float32 parameters in 60 tensors, as in the 42M Llama: ours,
// LibTorch's, and what the memory gives. "bytes_per_second" counts 28 bytes a parameter: p, m, v
// and the gradient read, p, m and v written.

#include <algorithm>

#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include "minillama/core/device.h"
#include "minillama/kernels/adamw.h"
#include "minillama/kernels/sum_of_squares.h"
#include "minillama/optim/adamw.h"
#include "minillama/optim/clipping.h"

namespace {

using minillama::kernels::Isa;

constexpr std::int64_t kParameters = 42'000'000;
constexpr std::int64_t kTensors = 60;
constexpr std::int64_t kBytesPerParameter = 28;

std::vector<torch::Tensor> make_parameters() {
  std::vector<torch::Tensor> parameters;
  for (std::int64_t i = 0; i < kTensors; ++i) {
    parameters.push_back(torch::randn({kParameters / kTensors}, torch::requires_grad()));
    parameters.back().mutable_grad() = torch::randn({kParameters / kTensors});
  }
  return parameters;
}

void count_bytes(benchmark::State& state, std::int64_t per_parameter) {
  state.SetBytesProcessed(state.iterations() * kParameters * per_parameter);
}

void measure_steps(benchmark::State& state, torch::optim::Optimizer& optimizer) {
  optimizer.step();  // makes the moments
  for (auto _ : state) optimizer.step();
  count_bytes(state, kBytesPerParameter);
}

void minillama_adamw(benchmark::State& state) {
  minillama::AdamW optimizer(make_parameters());
  measure_steps(state, optimizer);
}

void minillama_adamw_with_clipping(benchmark::State& state) {
  minillama::AdamW optimizer(make_parameters(), {.max_grad_norm = 1});
  measure_steps(state, optimizer);
}

void libtorch_adamw(benchmark::State& state) {
  torch::optim::AdamW optimizer(make_parameters());
  measure_steps(state, optimizer);
}

void libtorch_adamw_with_clipping(benchmark::State& state) {
  const auto parameters = make_parameters();
  torch::optim::AdamW optimizer(parameters);
  optimizer.step();
  for (auto _ : state) {
    torch::nn::utils::clip_grad_norm_(parameters, 1.0);
    optimizer.step();
  }
  count_bytes(state, kBytesPerParameter);
}

void minillama_grad_norm(benchmark::State& state) {
  const auto parameters = make_parameters();
  for (auto _ : state) benchmark::DoNotOptimize(minillama::grad_norm(parameters));
  count_bytes(state, sizeof(float));
}

/// Four arrays of all parameters, and `work(begin, end, p, g, m, v)` on each thread's part of them.
template <typename Work>
void measure_kernel(benchmark::State& state, std::int64_t bytes_per_parameter, const Work& work) {
  std::vector<torch::Tensor> arrays;
  for (int i = 0; i < 4; ++i) arrays.push_back(torch::rand({kParameters}));
  for (auto _ : state) {
    at::parallel_for(0, kParameters, 1, [&](std::int64_t begin, std::int64_t end) {
      const auto part = [&](int i) { return arrays[i].data_ptr<float>() + begin; };
      work(end - begin, part(0), part(1), part(2), part(3));
    });
  }
  count_bytes(state, bytes_per_parameter);
}

void kernel(benchmark::State& state, Isa isa) {
  if (isa > minillama::kernels::best_isa()) return state.SkipWithError("not on this processor");
  const minillama::kernels::AdamWScalars scalars{
      .beta1 = 0.9, .beta2 = 0.999, .decay_before = 1e-5, .step_size = 1e-3, .eps = 1e-8};
  measure_kernel(state, kBytesPerParameter,
                 [&](std::int64_t size, float* p, const float* g, float* m, float* v) {
                   minillama::kernels::adamw_step(isa, scalars, size, p, g, m, v);
                 });
}

/// The bytes that a step moves, and as good as no arithmetic.
void memory_same_traffic(benchmark::State& state) {
  measure_kernel(state, kBytesPerParameter,
                 [](std::int64_t size, float* __restrict p, const float* __restrict g,
                    float* __restrict m, float* __restrict v) {
                   for (std::int64_t i = 0; i < size; ++i) {
                     p[i] += g[i];
                     m[i] += g[i];
                     v[i] += g[i];
                   }
                 });
}

void memory_read(benchmark::State& state) {
  measure_kernel(
      state, 4 * sizeof(float),
      [](std::int64_t size, const float* p, const float* g, const float* m, const float* v) {
        for (const float* x : {p, g, m, v}) {
          benchmark::DoNotOptimize(
              minillama::kernels::sum_of_squares(minillama::kernels::best_isa(), size, x));
        }
      });
}

}  // namespace

int main(int argc, char* argv[]) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  minillama::set_threads(minillama::available_processors());
  at::set_num_threads(minillama::available_processors());  // for what is compared with

  const auto add = [](const char* name, auto function, auto... arguments) {
    benchmark::RegisterBenchmark(name, function, arguments...)
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime();
  };
  add("memory: read", memory_read);
  add("memory: the step's traffic", memory_same_traffic);
  add("kernel: portable", kernel, Isa::portable);
  add("kernel: avx2", kernel, Isa::avx2);
  add("kernel: avx512", kernel, Isa::avx512);
  add("minillama: step", minillama_adamw);
  add("libtorch: step", libtorch_adamw);
  add("minillama: step with clipping", minillama_adamw_with_clipping);
  add("libtorch: step with clipping", libtorch_adamw_with_clipping);
  add("minillama: gradient norm", minillama_grad_norm);
  benchmark::RunSpecifiedBenchmarks();
}
