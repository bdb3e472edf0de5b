#include "minillama/ops/precision.h"

#include <torch/autograd.h>

#include "minillama/core/error.h"
#include "minillama/core/random.h"
#include "minillama/kernels/dispatch.h"
#include "minillama/nn/attention.h"
#include "minillama/nn/linear.h"
#include "minillama/ops/attention.h"
#include "minillama/ops/bfloat16_linear.h"
#include "minillama/ops/linear.h"
#include "minillama/ops/product.h"
#include "minillama/ops/swiglu.h"
#include "minillama/train/language_modelling.h"

#include "support/catch.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

/// |a - b| / |b|, of all elements as one vector.
double relative_distance(const torch::Tensor& a, const torch::Tensor& b) {
  return ((a - b).norm() / b.norm()).item<double>();
}

}  // namespace

TEST_CASE("precision: bfloat16 products round their factors and results, no more") {
  for (const std::int64_t rows : {1, 2, 9, 90}) {  // LibTorch has ways of its own for few rows
    const auto x = torch::randn({rows, 64}, make_generator(1)).requires_grad_();
    const auto weight = torch::randn({31, 64}, make_generator(2)).requires_grad_();
    const auto grad = torch::randn({rows, 31}, make_generator(3)).to(torch::kBFloat16);
    const auto y = bfloat16_linear(x, weight);
    CHECK(y.scalar_type() == torch::kBFloat16);
    y.backward(grad);
    CHECK(x.grad().scalar_type() == torch::kFloat);

    const auto rounded = [](const torch::Tensor& t) {
      return t.detach().to(torch::kBFloat16).to(torch::kDouble);
    };
    constexpr double kOneRounding = 1.0 / 512;
    CHECK(relative_distance(y.to(torch::kDouble), rounded(x).matmul(rounded(weight).t())) <
          kOneRounding);
    CHECK(relative_distance(x.grad().to(torch::kDouble),
                            grad.to(torch::kDouble).matmul(rounded(weight))) < kOneRounding);
    CHECK(relative_distance(weight.grad().to(torch::kDouble),
                            grad.to(torch::kDouble).t().matmul(rounded(x))) < kOneRounding);
  }
}

TEST_CASE("precision: holds within its scope") {
  if (!kernels::has_bfloat16_products()) return;
  const auto x = torch::randn({3, 8}, make_generator(1));
  const auto weight = torch::randn({5, 8}, make_generator(2));
  {
    const PrecisionScope scope(Precision::bfloat16, torch::kCPU);
    CHECK(apply_linear(x, weight).scalar_type() == torch::kBFloat16);
    {
      const PrecisionScope inner(Precision::float32, torch::kCPU);
      CHECK(apply_linear(x, weight).scalar_type() == torch::kFloat);
    }
    CHECK(precision_on(torch::kCPU) == Precision::bfloat16);
  }
  CHECK(apply_linear(x, weight).scalar_type() == torch::kFloat);
  CHECK(precision_named("bf16") == Precision::bfloat16);
  CHECK_THROWS_WITH(precision_named("f16"), contains("dtype is \"f16\""));
}

TEST_CASE("precision: a scope is of one kind of device") {
  const PrecisionScope scope(Precision::bfloat16, torch::Device(torch::kCUDA, 0));
  CHECK(precision_on(torch::Device(torch::kCUDA, 0)) == Precision::bfloat16);
  CHECK(precision_on(torch::kCPU) == Precision::float32);
  {
    const PrecisionScope exact(Precision::float32, torch::Device(torch::kCUDA, 0));
    CHECK(precision_on(torch::Device(torch::kCUDA, 0)) == Precision::float32);
  }
  CHECK(precision_on(torch::Device(torch::kCUDA, 0)) == Precision::bfloat16);
  const auto x = torch::randn({3, 8}, make_generator(1));
  CHECK(apply_linear(x, torch::randn({5, 8}, make_generator(2))).scalar_type() == torch::kFloat);
}

TEST_CASE("precision: what other devices compute is rounded as the kernels round it") {
  // LibTorch's operations, which every device but the CPU takes, on what the kernels take, too.
  const auto draw = [](std::vector<std::int64_t> shape, std::uint64_t seed) {
    return torch::randn(shape, make_generator(seed)).to(torch::kBFloat16);
  };
  const auto exact = [](const torch::Tensor& x) { return x.to(torch::kDouble); };
  const auto gate = draw({50, 24}, 1), up = draw({50, 24}, 2);
  const auto product = torch::silu(exact(gate)) * exact(up);
  // Half a unit in the last of eight places, the first of which is 1: 2^-8 of the number at most.
  CHECK(test::difference(exact(plain_swiglu(gate, up)), product, 1.0 / 256 + 1e-6, 1e-30) == "");
  CHECK(test::difference(exact(swiglu(gate, up)), product, 1.0 / 256 + 1e-6, 1e-30) == "");

  const auto q = draw({2, 4, 9, 12}, 3), k = draw({2, 2, 9, 12}, 4), v = draw({2, 2, 9, 12}, 5);
  const auto reference = plain_attention(exact(q), exact(k), exact(v), {});
  const auto fused = exact(scaled_dot_product_attention(q, k, v, {}));
  CHECK(relative_distance(fused, reference) < 1.0 / 256);
  // Where LibTorch adds up in bfloat16 it computes nothing that another device does.
  if (!sums_in_float(q, q.numel() * k.size(2))) return;
  const auto plain = exact(plain_attention(q, k, v, {}));
  CHECK(relative_distance(plain, fused) < 1.0 / 256);
}

TEST_CASE("precision: a model's loss and gradients in bfloat16 are near those in float32") {
  if (!kernels::has_bfloat16_products()) return;
  for (const auto& [norm, has_all] : {std::pair{NormKind::layernorm, false},
                                      {NormKind::rmsnorm, false},
                                      {NormKind::rmsnorm, true}}) {
    LanguageModel model(ModelConfig{.dim = 32,
                                    .n_layers = 2,
                                    .n_heads = 4,
                                    .n_kv_heads = 2,
                                    .head_dim = has_all ? 12 : 8,
                                    .hidden_dim = 48,
                                    .vocab_size = 61,
                                    .max_seq_len = 32,
                                    .norm = norm,
                                    .qkv_bias = has_all,
                                    .output_bias = has_all,
                                    .qk_norm = has_all},
                        make_generator(3));
    const auto rows = torch::randint(61, {4, 17}, make_generator(4), torch::kLong);
    const auto gradients = [&](Precision precision) {
      const PrecisionScope scope(precision, torch::kCPU);
      const auto loss = language_modelling_loss(model, rows, 4 * 16);
      auto all = torch::autograd::grad({loss}, model->parameters());
      for (const auto& grad : all) CHECK(grad.scalar_type() == torch::kFloat);
      all.push_back(loss.detach());
      return all;
    };
    const auto exact = gradients(Precision::float32);
    const auto mixed = gradients(Precision::bfloat16);
    CHECK(relative_distance(mixed.back(), exact.back()) < 2e-3);
    for (std::size_t i = 0; i < exact.size(); ++i) {
      INFO("parameter " << i);
      CHECK(relative_distance(mixed[i], exact[i]) < 0.03);
    }
  }
}
