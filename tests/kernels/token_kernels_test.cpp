// The kernels that work on one token's numbers: norms, gate, rotation, attention, the largest.

#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "minillama/kernels/argmax.h"
#include "minillama/kernels/attend.h"
#include "minillama/kernels/gate.h"
#include "minillama/kernels/normalize.h"
#include "minillama/kernels/rotate.h"

#include "support/catch.h"
#include "support/kernels.h"

using namespace minillama::kernels;
using minillama::test::isas_here;
using minillama::test::numbers;

namespace {

constexpr std::size_t kSizes[] = {1, 2, 3, 7, 8, 15, 16, 17, 33, 64, 100};

/// softmax(scale * x) in double.
std::vector<double> reference_softmax(const std::vector<float>& x, double scale) {
  std::vector<double> p;
  double sum = 0;
  for (const float value : x) sum += p.emplace_back(std::exp(scale * value));
  for (double& value : p) value /= sum;
  return p;
}

}  // namespace

TEST_CASE("norm kernels: the formulas, for every instruction set") {
  for (const Isa isa : isas_here()) {
    for (const std::size_t size : kSizes) {
      auto x = numbers(size, 1);
      for (float& value : x) value += 3;  // a mean beside which the variance is small
      const auto gain = numbers(size, 2), bias = numbers(size, 3);
      double mean = 0, square = 0, variance = 0;
      for (const float value : x) mean += value / double(size);
      for (const float value : x) square += double(value) * value / double(size);
      for (const float value : x) variance += (value - mean) * (value - mean) / double(size);
      std::vector<float> layer(size), rms(size);
      layer_norm(isa, size, x.data(), gain.data(), bias.data(), 1e-5F, layer.data());
      rms_norm(isa, size, x.data(), gain.data(), 1e-5F, rms.data());
      for (std::size_t i = 0; i < size; ++i) {
        INFO("isa " << static_cast<int>(isa) << ", element " << i << " of " << size);
        CHECK(layer[i] == Approx((x[i] - mean) / std::sqrt(variance + 1e-5) * gain[i] + bias[i])
                              .epsilon(1e-4)
                              .margin(1e-4));
        CHECK(rms[i] == Approx(x[i] / std::sqrt(square + 1e-5) * gain[i]).epsilon(1e-5));
      }
      auto in_place = x;
      layer_norm(isa, size, x.data(), gain.data(), bias.data(), 1e-5F, in_place.data());
      CHECK(in_place == layer);
    }
  }
}

TEST_CASE("gate kernel: silu(x) * up to a few units in the last place, far from zero too") {
  for (const Isa isa : isas_here()) {
    std::vector<float> x;
    for (float value = -100; value <= 100; value += 0.37F) x.push_back(value);
    x.insert(x.end(), {-1e30F, 1e30F, 0.0F, -0.0F, 1e-30F});
    const auto up = numbers(x.size(), 1);
    auto y = x;
    silu_gate(isa, y.size(), y.data(), up.data());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double expected = double(x[i]) / (1 + std::exp(-double(x[i]))) * up[i];
      INFO("isa " << static_cast<int>(isa) << ", silu(" << x[i] << ")");
      CHECK(y[i] == Approx(expected).epsilon(5e-7).margin(1e-7));
    }
    std::vector<float> broken(17, NAN);
    silu_gate(isa, broken.size(), broken.data(), up.data());
    for (const float value : broken) CHECK(std::isnan(value));
  }
}

TEST_CASE("rotation kernel: pairs are turned as complex numbers") {
  for (const Isa isa : isas_here()) {
    for (const std::size_t size : {2, 8, 10, 64}) {
      auto x = numbers(size, 1);
      const auto before = x;
      std::vector<float> rotation(size);
      for (std::size_t i = 0; i < size; i += 2) {
        rotation[i] = std::cos(static_cast<float>(i));
        rotation[i + 1] = std::sin(static_cast<float>(i));
      }
      rotate(isa, size, x.data(), rotation.data());
      for (std::size_t i = 0; i < size; i += 2) {
        const double c = rotation[i], s = rotation[i + 1];
        CHECK(x[i] == Approx(before[i] * c - before[i + 1] * s).margin(1e-6));
        CHECK(x[i + 1] == Approx(before[i] * s + before[i + 1] * c).margin(1e-6));
      }
    }
  }
}

TEST_CASE("softmax kernel: large and small scores, adding up to 1") {
  for (const Isa isa : isas_here()) {
    for (const std::size_t size : kSizes) {
      auto x = numbers(size, 1);
      for (float& value : x) value = value * 40 + 1000;
      const auto expected = reference_softmax(
          [&] {
            auto shifted = x;
            for (float& value : shifted) value -= 1000;
            return shifted;
          }(),
          0.5);
      softmax(isa, size, 0.5F, x.data());
      for (std::size_t i = 0; i < size; ++i) {
        CHECK(x[i] == Approx(expected[i]).epsilon(1e-5).margin(1e-9));
      }
      CHECK(std::accumulate(x.begin(), x.end(), 0.0) == Approx(1).epsilon(1e-6));
    }
  }
}

TEST_CASE("attention kernel: queries of one token, and of tokens that follow each other") {
  for (const Isa isa : isas_here()) {
    for (const std::size_t head_dim : {2, 6, 8, 20, 32, 64, 80}) {
      for (const auto& [positions, step, n_queries] : std::vector<std::array<std::size_t, 3>>{
               {1, 0, 3}, {2, 1, 4}, {3, 0, 1}, {5, 1, 8}, {17, 0, 5}, {40, 1, 7}, {1, 1, 1}}) {
        const std::size_t n_keys = positions + (n_queries - 1) * step;
        const std::size_t stride = head_dim + 5;
        auto q = numbers(n_queries * stride, 1);
        for (float& value : q) value *= 5;
        const auto k = numbers(n_keys * head_dim, 2), v = numbers(n_keys * head_dim, 3);
        std::vector<float> scores(n_queries * n_keys), out(n_queries * stride, -7);
        attend(isa, {.queries = {q.data(), stride, n_queries},
                     .keys = k.data(),
                     .values = v.data(),
                     .positions = positions,
                     .step = step,
                     .head_dim = head_dim,
                     .scores = scores.data(),
                     .out = {out.data(), stride}});
        for (std::size_t i = 0; i < n_queries; ++i) {
          const std::size_t seen = positions + i * step;
          std::vector<float> products(seen);
          for (std::size_t s = 0; s < seen; ++s) {
            double dot = 0;
            for (std::size_t d = 0; d < head_dim; ++d) {
              dot += double(q[i * stride + d]) * k[s * head_dim + d];
            }
            products[s] = static_cast<float>(dot);
          }
          const auto weights = reference_softmax(products, 1 / std::sqrt(double(head_dim)));
          INFO("isa " << static_cast<int>(isa) << ", width " << head_dim << ", " << positions);
          for (std::size_t d = 0; d < stride; ++d) {
            double expected = d < head_dim ? 0 : -7;
            for (std::size_t s = 0; s < seen && d < head_dim; ++s) {
              expected += weights[s] * v[s * head_dim + d];
            }
            REQUIRE(out[i * stride + d] == Approx(expected).epsilon(1e-5).margin(1e-5));
          }
        }
      }
    }
  }
}

TEST_CASE("largest: the first of equal ones, and whether anything is not finite") {
  for (const Isa isa : isas_here()) {
    for (const std::size_t size : kSizes) {
      for (std::size_t place = 0; place < size; ++place) {
        std::vector<float> x(size, -std::numeric_limits<float>::infinity());
        x[place] = -5;
        x[size - 1] = -5;
        CHECK(find_largest(isa, size, x.data()).index == place);
        CHECK(find_largest(isa, size, x.data()).is_finite);
        for (const float broken : {NAN, INFINITY}) {
          x[place] = broken;
          const auto largest = find_largest(isa, size, x.data());
          CHECK_FALSE(largest.is_finite);
          CHECK(largest.index < size);
        }
      }
    }
  }
}
