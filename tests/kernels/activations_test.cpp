// The kernels on activations: every instruction set computes what the formula says.

#include <cmath>
#include <limits>
#include <vector>

#include <torch/types.h>

#include "minillama/core/random.h"
#include "minillama/kernels/norm.h"
#include "minillama/kernels/rotary.h"
#include "minillama/kernels/softmax.h"
#include "minillama/kernels/swiglu.h"

#include "support/catch.h"
#include "support/tensors.h"

using namespace minillama;
using kernels::BFloat16;
using kernels::Isa;

namespace {

std::vector<Isa> available_sets() {
  std::vector<Isa> sets;
  for (const auto isa : {Isa::portable, Isa::avx2, Isa::avx512}) {
    if (isa <= kernels::best_isa()) sets.push_back(isa);
  }
  return sets;
}

template <typename T>
constexpr torch::ScalarType kType = std::is_same_v<T, float> ? torch::kFloat : torch::kBFloat16;

template <typename T>
T* data(const torch::Tensor& x) {
  return static_cast<T*>(x.data_ptr());
}

template <typename T>
constexpr double kTolerance = std::is_same_v<T, float> ? 2e-6 : 1.0 / 256;

template <typename T>
torch::Tensor random(torch::IntArrayRef shape, std::uint64_t seed) {
  return torch::randn(shape, make_generator(seed)).to(kType<T>);
}

template <typename T>
std::string difference(const torch::Tensor& found, const torch::Tensor& expected) {
  return test::difference(found.to(torch::kDouble), expected.to(torch::kDouble), kTolerance<T>,
                          kTolerance<T>);
}

template <typename T>
void check_swiglu(Isa isa, std::int64_t size) {
  const auto gate = random<T>({size}, 1) * 4;
  const auto up = random<T>({size}, 2);
  const auto grad = random<T>({size}, 3);
  const auto y = torch::empty_like(gate);
  const auto n = static_cast<std::size_t>(size);
  kernels::swiglu_forward(isa, n, data<T>(gate), data<T>(up), data<T>(y));
  const auto grad_gate = torch::empty_like(gate);
  const auto grad_up = torch::empty_like(gate);
  kernels::swiglu_backward(isa, n, data<T>(gate), data<T>(up), data<T>(grad), data<T>(grad_gate),
                           data<T>(grad_up));
  const auto g = gate.to(torch::kDouble).requires_grad_();
  const auto u = up.to(torch::kDouble).requires_grad_();
  const auto expected = torch::silu(g) * u;
  expected.backward(grad.to(torch::kDouble));
  CHECK(difference<T>(y, expected) == "");
  CHECK(difference<T>(grad_gate, g.grad()) == "");
  CHECK(difference<T>(grad_up, u.grad()) == "");
}

template <typename T>
void check_norm(Isa isa, std::int64_t dim, bool centered) {
  const std::int64_t rows = 5;
  const auto x = random<float>({rows, dim}, 1) * 3 + 1;
  const auto weight = random<float>({dim}, 2);
  const auto bias = random<float>({dim}, 3);
  const auto grad = random<T>({rows, dim}, 4);
  const kernels::NormShape shape{5, static_cast<std::size_t>(dim), 1e-5, centered};
  const auto y = torch::empty({rows, dim}, kType<T>);
  const auto mean = torch::empty({rows});
  const auto inverse = torch::empty({rows});
  kernels::norm_forward(isa, shape, data<float>(x), data<float>(weight),
                        centered ? data<float>(bias) : nullptr, data<T>(y), data<float>(mean),
                        data<float>(inverse));
  const auto grad_x = torch::empty_like(x);
  const auto grad_weight = torch::zeros_like(weight);
  const auto grad_bias = torch::zeros_like(bias);
  kernels::norm_backward(isa, shape, data<float>(x), data<float>(weight), data<float>(mean),
                         data<float>(inverse), data<T>(grad), data<float>(grad_x),
                         data<float>(grad_weight), centered ? data<float>(grad_bias) : nullptr);

  const auto xd = x.to(torch::kDouble).requires_grad_();
  const auto wd = weight.to(torch::kDouble).requires_grad_();
  const auto bd = bias.to(torch::kDouble).requires_grad_();
  const auto c = centered ? xd - xd.mean(-1, true) : xd;
  auto expected = c * torch::rsqrt(c.square().mean(-1, true) + 1e-5) * wd;
  if (centered) expected = expected + bd;
  expected.backward(grad.to(torch::kDouble));
  CHECK(difference<T>(y, expected) == "");
  CHECK(test::difference(grad_x.to(torch::kDouble), xd.grad(), 1e-5, 1e-5) == "");
  CHECK(test::difference(grad_weight.to(torch::kDouble), wd.grad(), 1e-5, 1e-5) == "");
  if (centered) {
    CHECK(test::difference(grad_bias.to(torch::kDouble), bd.grad(), 1e-5, 1e-5) == "");
  }
}

template <typename T>
void check_rotary(Isa isa, std::int64_t pairs) {
  const auto x = random<T>({3, 2, 2 * pairs}, 1);
  const auto angles = random<float>({3, 1, pairs}, 2) * 3;
  const auto table = torch::stack({angles.cos(), angles.sin()}, -1).contiguous();
  const auto y = torch::empty_like(x);
  const kernels::RotaryShape shape{3, 2, static_cast<std::size_t>(pairs)};
  kernels::rotary(isa, shape, data<T>(x), data<float>(table), data<T>(y), false);
  const auto pairs_of_x = x.to(torch::kDouble).view({3, 2, pairs, 2});
  const auto turned = torch::view_as_complex(pairs_of_x.contiguous()) *
                      torch::polar(torch::ones_like(angles), angles).to(torch::kComplexDouble);
  CHECK(difference<T>(y, torch::view_as_real(turned).view({3, 2, 2 * pairs})) == "");
  kernels::rotary(isa, shape, data<T>(y), data<float>(table), data<T>(y), true);
  CHECK(test::difference(y.to(torch::kDouble), x.to(torch::kDouble), 2 * kTolerance<T>,
                         2 * kTolerance<T>) == "");
}

template <typename T>
void check_softmax(Isa isa, std::int64_t size, std::int64_t visible) {
  const auto n = kernels::score_room(static_cast<std::size_t>(size));
  size = static_cast<std::int64_t>(n);
  const torch::Tensor scores = random<T>({size}, 1) * 10;
  const torch::Tensor grad = random<T>({size}, 2);
  const auto hidden = size - visible;
  const auto hide = [&](const torch::Tensor& x) -> torch::Tensor {  // may be anything
    x.narrow(0, visible, hidden).fill_(std::numeric_limits<float>::quiet_NaN());
    return x;
  };
  const float scale = 0.37F;
  const auto p = hide(scores.clone());
  kernels::softmax_forward(isa, n, static_cast<std::size_t>(visible), scale, data<T>(p));
  const auto s = scores.to(torch::kDouble).requires_grad_();
  const auto weights = (s.narrow(0, 0, visible) * scale).softmax(0);
  const auto expected = torch::constant_pad_nd(weights, {0, size - visible});
  CHECK(difference<T>(p, expected) == "");
  CHECK(torch::equal(p.narrow(0, visible, hidden), torch::zeros({hidden}, kType<T>)));

  const auto grad_scores = hide(grad.clone());
  kernels::softmax_backward(isa, n, static_cast<std::size_t>(visible), scale, data<T>(p),
                            data<T>(grad_scores));
  expected.backward(grad.to(torch::kDouble));
  CHECK(difference<T>(grad_scores, s.grad()) == "");
}

template <typename T>
void check_cross_entropy(Isa isa, std::int64_t size, std::int64_t target) {
  const auto n = static_cast<std::size_t>(size);
  const torch::Tensor logits = random<T>({size}, 1) * 10;
  auto x = logits.clone();
  const double loss =
      kernels::cross_entropy(isa, n, static_cast<std::size_t>(target), true, data<T>(x));
  const auto z = logits.to(torch::kDouble).requires_grad_();
  const auto expected = -z.log_softmax(0)[target];
  expected.backward();
  CHECK(loss == Approx(expected.item<double>()).epsilon(1e-5).margin(1e-6));
  CHECK(difference<T>(x, z.grad()) == "");
  auto untouched = logits.clone();
  CHECK(loss == kernels::cross_entropy(isa, n, static_cast<std::size_t>(target), false,
                                       data<T>(untouched)));
  CHECK(torch::equal(untouched, logits));
}

template <typename T>
void check_all(Isa isa) {
  for (const std::int64_t size : {1, 7, 16, 33, 100}) {
    check_swiglu<T>(isa, size);
    check_norm<T>(isa, size, false);
    if (size > 1) check_norm<T>(isa, size, true);
    check_rotary<T>(isa, size);
    for (const std::int64_t visible : {std::int64_t{1}, (size + 1) / 2, size}) {
      check_softmax<T>(isa, size, visible);
      check_cross_entropy<T>(isa, size, visible - 1);
    }
  }
}

}  // namespace

TEST_CASE("kernels: on activations, compute what double precision computes") {
  for (const auto isa : available_sets()) {
    INFO("instruction set " << static_cast<int>(isa));
    check_all<float>(isa);
    check_all<BFloat16>(isa);
  }
}

TEST_CASE("kernels: the exponential is exact to 2 ulp and keeps NaN") {
  for (float x = -87; x <= 88; x += 0.0137F) {
    const double exact = std::exp(static_cast<double>(x));
    CHECK(std::abs(kernels::exponential(x) - exact) <= 2 * 6e-8 * exact);
  }
  CHECK(kernels::exponential(-1e30F) < 2e-38F);
  CHECK(kernels::exponential(1e30F) > 1e38F);
  CHECK(std::isnan(kernels::exponential(std::numeric_limits<float>::quiet_NaN())));
}

TEST_CASE("kernels: bfloat16 rounds as LibTorch does") {
  const auto x = torch::cat({torch::randn({1000}, make_generator(1)),
                             torch::tensor({1.00390625F, 1.01171875F, 0.0F, -0.0F, 3.4e38F,
                                            std::numeric_limits<float>::infinity()})});
  const auto expected = x.to(torch::kBFloat16);
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    BFloat16 rounded{};
    kernels::store(data<float>(x)[i], rounded);
    CHECK(rounded.bits == data<std::uint16_t>(expected)[i]);
  }
  BFloat16 nan{};
  kernels::store(std::numeric_limits<float>::quiet_NaN(), nan);
  CHECK(std::isnan(kernels::load(nan)));
}
