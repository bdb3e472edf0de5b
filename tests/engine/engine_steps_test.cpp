#include "minillama/engine/engine_steps.h"

#include <chrono>
#include <thread>

#include "support/catch.h"

using namespace minillama;

namespace {

/// A pass of one token through a model of so many layers, in parts.
class Pass {
 public:
  explicit Pass(std::size_t parts) : buffers_(model(), 1, 4, parts) {
    buffers_.wanted = {EngineToken{.is_wanted = true}};
  }
  EngineSteps steps(std::size_t parts) {
    return {model(), buffers_, buffers_.wanted, parts, {.logits = true}};
  }

 private:
  static Weights model() {
    Weights out{.config = {.dim = 8,
                           .n_layers = 3,
                           .n_heads = 2,
                           .n_kv_heads = 2,
                           .hidden_dim = 8,
                           .vocab_size = 5}};
    out.layers.resize(3);
    out.head.format = &weight_format(DType::float32);
    for (auto& layer : out.layers) {
      for (const auto& part : matrix_parts()) (layer.*part.matrix).format = out.head.format;
    }
    return out;
  }
  EngineBuffers buffers_;
};

}  // namespace

TEST_CASE("engine steps: one thread alone takes every part of the others'") {
  Pass pass(3);
  auto steps = pass.steps(3);
  REQUIRE(steps.size() == 2 + 6 * 3);
  for (std::size_t step = 0; step < steps.size(); ++step) {
    CHECK(steps.complete() == step);
    for (const std::size_t part : {1, 2, 0}) {
      CHECK(steps.take(step, part));
      CHECK_FALSE(steps.take(step, part));
      steps.finish(step);
    }
    steps.wait(step);
  }
  CHECK(steps.complete() == steps.size());
}

TEST_CASE("engine steps: a thread that comes late finds nothing to take in what is complete") {
  Pass pass(2);
  auto steps = pass.steps(2);
  for (const std::size_t part : {0, 1}) {
    REQUIRE(steps.take(0, part));
    steps.finish(0);
  }
  CHECK_FALSE(steps.take(0, 0));
  CHECK_FALSE(steps.take(0, 1));
  CHECK(steps.complete() == 1);
  CHECK_FALSE(steps.take(2, 0));  // nor in what is not to be begun yet
}

TEST_CASE("engine steps: threads that stop and go compute each part of each step once, in order") {
  constexpr std::size_t kParts = 4;
  Pass pass(kParts);
  for (int round = 0; round < 50; ++round) {
    auto steps = pass.steps(kParts);
    std::vector<std::atomic<int>> taken(steps.size() * kParts);
    std::atomic<int> wrong = 0;
    std::vector<std::jthread> threads;
    for (std::size_t thread = 0; thread < kParts; ++thread) {
      threads.emplace_back([&, thread] {
        for (auto step = steps.complete(); step < steps.size(); step = steps.complete()) {
          for (std::size_t i = 0; i < kParts; ++i) {
            const auto part = (thread + i) % kParts;
            if (!steps.take(step, part)) continue;
            if (steps.complete() != step) ++wrong;
            ++taken[step * kParts + part];
            if ((step + part + static_cast<std::size_t>(round)) % 13 == 0) {
              std::this_thread::sleep_for(std::chrono::microseconds(50));
            }
            if (steps.complete() != step) ++wrong;
            steps.finish(step);
          }
          steps.wait(step);
        }
      });
    }
    threads.clear();
    CHECK(wrong == 0);
    CHECK(std::ranges::all_of(taken, [](const auto& count) { return count == 1; }));
  }
}
