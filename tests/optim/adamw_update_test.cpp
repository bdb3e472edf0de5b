#include "minillama/optim/adamw_update.h"

#include "support/adamw.h"
#include "support/catch.h"
#include "support/threads.h"

using namespace minillama;

namespace {

/// The same values with the memory of the transpose, which the kernel does not take.
std::vector<torch::Tensor> transposed_in_memory(const std::vector<torch::Tensor>& tensors) {
  std::vector<torch::Tensor> out;
  for (const auto& t : tensors) {
    const auto value = t.dim() < 2 ? torch::stack({t, t}, -1).detach().select(-1, 0)
                                   : t.detach().transpose(0, -1).contiguous().transpose(0, -1);
    out.push_back(value.requires_grad_());
  }
  return out;
}

}  // namespace

TEST_CASE("adamw: the fused and the plain path agree elementwise") {
  for (const auto dtype : {torch::kFloat, torch::kDouble}) {
    for (const auto variant : test::kAdamWVariants) {
      const AdamWOptions options{
          .lr = 0.01, .weight_decay = 0.1, .max_grad_norm = 1, .variant = variant};
      const auto fused = test::adamw_parameters(dtype);
      const auto plain = transposed_in_memory(fused);
      REQUIRE_FALSE((plain[0].is_contiguous() || plain[1].is_contiguous()));
      AdamW fused_optimizer(fused, options);
      AdamW plain_optimizer(plain, options);
      test::run_steps(fused_optimizer, fused, 1, 20);
      test::run_steps(plain_optimizer, plain, 1, 20);
      test::check_close(fused, plain, dtype == torch::kFloat ? 1e-6 : 1e-14);
      const auto fused_state = fused_optimizer.export_state();
      const auto plain_state = plain_optimizer.export_state();
      REQUIRE(fused_state.size() == plain_state.size());
      for (std::size_t i = 0; i < fused_state.size(); ++i) {
        CHECK(fused_state[i].first == plain_state[i].first);
        CHECK(torch::allclose(fused_state[i].second, plain_state[i].second, 1e-5, 1e-9));
      }
    }
  }
}

TEST_CASE("adamw: half types keep float32 moments and follow float32 to their precision") {
  for (const auto dtype : {torch::kBFloat16, torch::kHalf}) {
    const auto half = test::adamw_parameters(dtype);
    auto single = test::adamw_parameters(dtype);
    for (auto& p : single) p = p.detach().to(torch::kFloat).requires_grad_();
    AdamW half_optimizer(half, {.lr = 0.1});
    AdamW single_optimizer(single, {.lr = 0.1});
    test::run_steps(half_optimizer, half, 1, 5);
    test::run_steps(single_optimizer, single, 1, 5);
    test::check_close(half, single, dtype == torch::kHalf ? 5e-3 : 4e-2);
    CHECK(half_optimizer.export_state()[1].second.scalar_type() == torch::kFloat);
    CHECK(half[0].scalar_type() == dtype);
  }
}

TEST_CASE("adamw: the bits do not depend on the number of threads or the run") {
  const auto result = [](int threads) {
    const test::Threads scope(threads);
    auto parameters = test::adamw_parameters();
    AdamW optimizer(parameters, {.lr = 0.01, .max_grad_norm = 0.5});
    test::run_steps(optimizer, parameters, 1, 5);
    return parameters;
  };
  const auto once = result(2);
  CHECK(test::equal(once, result(2)));
  CHECK(test::equal(once, result(1)));
  CHECK(test::equal(once, result(3)));
}
