// How fast decoding reads its weights, beside the fastest plain loop over the same bytes: a model
// of the shape of stories42M with random weights, in every format, as it lies in a mapped file and
// copied into huge pages. Both loops in turn, medians of several. LibTorch is not needed.
//
//     stream_bench [THREADS]

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "minillama/checkpoint/checkpoint.h"
#include "minillama/core/thread_pool.h"
#include "minillama/core/threads.h"
#include "minillama/engine/engine.h"
#include "minillama/kernels/simd.h"

namespace {

using namespace minillama;

/// A model in the format of llama2.c: seven integers, then floats, of which none is subnormal.
std::filesystem::path write_model() {
  const std::int32_t header[] = {512, 1376, 8, 8, 8, 32'000, 256};
  constexpr std::size_t kFloats = 41'689'600 + 2 * 256 * 32;  // norms and rotations included
  std::vector<float> numbers(kFloats);
  std::uint32_t random = 1;
  for (float& number : numbers) {
    random = random * 1'664'525 + 1'013'904'223;
    number = (static_cast<float>(random >> 8) * 0x1.0p-24F - 0.5F) * 0.1F;
  }
  const auto path = std::filesystem::temp_directory_path() /
                    fmt::format("minillama_stream_bench_{}.bin", ::getpid());
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(header), sizeof(header));
  file.write(reinterpret_cast<const char*>(numbers.data()),
             static_cast<std::streamsize>(kFloats * sizeof(float)));
  return path;
}

double seconds(const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Adds up what lies there as if it were floats, in four sums.
float sum_of(const std::byte* begin, std::size_t size) {
  float total = 0;
  kernels::with_lanes(kernels::best_isa(), [&]<int Lanes>() MINILLAMA_INLINED {
    constexpr int kSums = 4;
    kernels::Floats<Lanes> sums[kSums] = {};
    const auto* x = reinterpret_cast<const float*>(begin);
    const std::size_t count = size / sizeof(float);
    for (std::size_t i = 0; i + kSums * Lanes <= count; i += kSums * Lanes) {
      for (int k = 0; k < kSums; ++k) {
        kernels::Floats<Lanes> v;
        kernels::load<Lanes>(v, x + i + k * Lanes);
        sums[k] += v;
      }
    }
    const kernels::Floats<Lanes> all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    total = kernels::sum<Lanes>(all);
  });
  return total;
}

/// Every thread reads its stretch of every matrix.
void read_all(const std::vector<Matrix*>& matrices) {
  const auto parts = static_cast<std::size_t>(threads());
  parallel_for(threads(), 1, [&](std::int64_t first, std::int64_t last) {
    volatile float total = 0;
    for (auto part = static_cast<std::size_t>(first); part < static_cast<std::size_t>(last);
         ++part) {
      for (const Matrix* matrix : matrices) {
        const std::size_t size = matrix->rows * matrix->row_bytes() / parts;
        total = total + sum_of(matrix->data + part * size, size);
      }
    }
  });
}

/// Median gigabytes per second of decoding a token and of reading the weights.
void measure(const std::string& name, Weights weights) {
  constexpr std::size_t kRounds = 9, kTokens = 12;
  const auto matrices = matrices_of(weights);
  double bytes = 0;
  for (const Matrix* matrix : matrices) {
    bytes += static_cast<double>(matrix->rows * matrix->row_bytes());
  }
  Engine engine(std::make_shared<const Weights>(weights), 1, kTokens * (kRounds + 1));
  const std::int64_t id = 1;
  const auto decode = [&] {
    for (std::size_t i = 0; i < kTokens; ++i) {
      engine.append(std::vector<Continuation>{{0, {&id, 1}}});
    }
  };
  const auto read = [&] {
    for (std::size_t i = 0; i < kTokens; ++i) read_all(matrices);
  };
  decode();
  std::vector<double> decoding, reading;
  for (std::size_t i = 0; i < kRounds; ++i) {
    decoding.push_back(seconds(decode));
    reading.push_back(seconds(read));
  }
  const auto median = [](std::vector<double>& times) {
    std::ranges::nth_element(times, times.begin() + kRounds / 2);
    return times[kRounds / 2] / kTokens;
  };
  const double token = median(decoding), pass = median(reading);
  fmt::print("{:<22}{:>8.1f} tokens/s {:>7.1f} GB/s, plain read {:>6.1f} GB/s: {:.2f}\n", name,
             1 / token, bytes / token / 1e9, bytes / pass / 1e9, pass / token);
}

}  // namespace

int main(int argc, char* argv[]) {
  if (argc > 1) set_thread_limit(std::atoi(argv[1]));
  const auto path = write_model();
  const auto weights = Checkpoint::open(path).language_model();
  std::filesystem::remove(path);
  measure("f32, mapped", weights);
  // In memory of its own, which is in huge pages.
  for (const WeightFormat& format : weight_formats()) {
    measure(std::string(format.name) + ", copied", converted(weights, format));
  }
}
