#include "minillama/kernels/adamw.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "minillama/kernels/sum_of_squares.h"

#include "support/catch.h"
#include "support/kernels.h"

using namespace minillama::kernels;
using minillama::test::isas_here;

namespace {

constexpr std::size_t kSizes[] = {0, 1, 7, 8, 15, 16, 17, 63, 64, 65, 127, 1000};

constexpr AdamWScalars kScalars{.grad_scale = 0.7,
                                .beta1 = 0.9,
                                .beta2 = 0.999,
                                .decay_before = 0.01,
                                .step_size = 0.02,
                                .denominator_scale = 1.3,
                                .eps = 1e-6,
                                .decay_after = 0.003};

template <typename T>
struct Arrays {
  explicit Arrays(std::size_t size) : p(size), grad(size), m(size), v(size) {
    for (std::size_t i = 0; i < size; ++i) {
      p[i] = std::sin(T(i + 1));
      grad[i] = std::sin(T(3 * i + 2)) * std::pow(T(10), T(i % 7) - 4);
      m[i] = std::sin(T(5 * i + 3)) / 10;
      v[i] = std::abs(std::sin(T(7 * i + 4))) / 100;
    }
  }
  void step(Isa isa) {
    adamw_step(isa, kScalars, p.size(), p.data(), grad.data(), m.data(), v.data());
  }
  bool operator==(const Arrays&) const = default;

  std::vector<T> p, grad, m, v;
};

}  // namespace

TEMPLATE_TEST_CASE("adamw kernel: every instruction set computes the formula", "", float, double) {
  for (const Isa isa : isas_here()) {
    for (const std::size_t size : kSizes) {
      const Arrays<TestType> before(size);
      Arrays<TestType> after = before;
      after.step(isa);
      for (std::size_t i = 0; i < size; ++i) {
        const double g = kScalars.grad_scale * before.grad[i];
        const double m = 0.9 * before.m[i] + (1 - 0.9) * g;
        const double v = 0.999 * before.v[i] + (1 - 0.999) * g * g;
        double p = before.p[i] * (1 - 0.01);
        p -= 0.02 * m / (std::sqrt(v) * 1.3 + 1e-6);
        p *= 1 - 0.003;
        // Relative to the terms of each sum, which may cancel.
        const double ulp = std::numeric_limits<TestType>::epsilon();
        INFO("isa " << static_cast<int>(isa) << ", size " << size << ", element " << i);
        REQUIRE(std::abs(after.m[i] - m) <= 2 * ulp * (std::abs(before.m[i]) + std::abs(g)));
        REQUIRE(std::abs(after.v[i] - v) <= 4 * ulp * v);
        REQUIRE(std::abs(after.p[i] - p) <= 8 * ulp * (1 + std::abs(p)));
      }
      CHECK(after.grad == before.grad);
    }
  }
}

TEMPLATE_TEST_CASE("adamw kernel: every instruction set gives the same bits", "", float, double) {
  for (const std::size_t size : kSizes) {
    Arrays<TestType> portable(size);
    for (int i = 0; i < 3; ++i) portable.step(Isa::portable);
    for (const Isa isa : isas_here()) {
      Arrays<TestType> other(size);
      for (int i = 0; i < 3; ++i) other.step(isa);
      CHECK(other == portable);
      CHECK(sum_of_squares(isa, size, other.grad.data()) ==
            sum_of_squares(Isa::portable, size, portable.grad.data()));
    }
  }
}

TEST_CASE("adamw kernel: nothing beyond the arrays is touched") {
  for (const Isa isa : isas_here()) {
    for (const std::size_t size : kSizes) {
      const Arrays<float> before(size + 16);
      Arrays<float> after = before;
      adamw_step(isa, kScalars, size, after.p.data(), after.grad.data(), after.m.data(),
                 after.v.data());
      for (std::size_t i = size; i < size + 16; ++i) {
        REQUIRE(
            (after.p[i] == before.p[i] && after.m[i] == before.m[i] && after.v[i] == before.v[i]));
      }
    }
  }
}

TEST_CASE("adamw kernel: NaN and infinity reach the element they belong to and no other") {
  for (const Isa isa : isas_here()) {
    Arrays<float> clean(40);
    Arrays<float> dirty = clean;
    dirty.grad[3] = std::numeric_limits<float>::quiet_NaN();
    dirty.grad[37] = std::numeric_limits<float>::infinity();
    clean.step(isa);
    dirty.step(isa);
    for (std::size_t i = 0; i < 40; ++i) {
      if (i == 3 || i == 37) {
        CHECK(std::isnan(dirty.p[i]));
      } else {
        CHECK(dirty.p[i] == clean.p[i]);
      }
    }
  }
}

#if defined(__x86_64__)
TEST_CASE("adamw kernel: denormal moments become zero, in the kernel only") {
  constexpr float kDenormal = 1e-40F;
  for (const Isa isa : isas_here()) {
    std::vector<float> p(20, 1), grad(20, 0), m(20, kDenormal), v(20, kDenormal);
    adamw_step(isa, kScalars, p.size(), p.data(), grad.data(), m.data(), v.data());
    CHECK(m == std::vector<float>(20, 0));
    CHECK(v == std::vector<float>(20, 0));
  }
  volatile float half = kDenormal;
  half = half / 2;
  CHECK(half > 0);
}
#endif

TEMPLATE_TEST_CASE("sum of squares: exact for small integers, in double for float", "", float,
                   double) {
  for (const Isa isa : isas_here()) {
    for (const std::size_t size : kSizes) {
      std::vector<TestType> x(size);
      double expected = 0;
      for (std::size_t i = 0; i < size; ++i) {
        x[i] = TestType(i) - 8;
        expected += double(x[i]) * double(x[i]);
      }
      CHECK(sum_of_squares(isa, size, x.data()) == expected);
    }
    // In float32 the ones would be lost beside 2^24.
    std::vector<TestType> x(1000, 1);
    x[500] = 1 << 14;
    CHECK(sum_of_squares(isa, x.size(), x.data()) == double(1 << 28) + 999);
    x[7] = std::numeric_limits<TestType>::quiet_NaN();
    CHECK(std::isnan(sum_of_squares(isa, x.size(), x.data())));
  }
}
