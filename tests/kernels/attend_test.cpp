// Attention and the largest element.

#include "minillama/kernels/attend.h"

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "minillama/kernels/argmax.h"
#include "minillama/kernels/softmax.h"

#include "support/catch.h"
#include "support/kernels.h"

using namespace minillama::kernels;
using minillama::test::isas_here;
using minillama::test::numbers;

namespace {

constexpr std::size_t kHeadDims[] = {1, 2, 3, 7, 8, 15, 16, 17, 33, 64, 100};

/// softmax(scale * x) in double.
std::vector<double> reference_softmax(const std::vector<float>& x, double scale) {
  std::vector<double> p;
  double sum = 0;
  for (const float value : x) sum += p.emplace_back(std::exp(scale * value));
  for (double& value : p) value /= sum;
  return p;
}

}  // namespace

TEST_CASE(
    "attention kernel: queries of one token, and of tokens that follow each other, biased too") {
  const std::vector<float> slopes{0.5F, 0.0625F, 2, 1, 0.25F, 0.75F, 0.125F, 3};
  for (const Isa isa : isas_here()) {
    for (const std::size_t head_dim : {2, 6, 8, 20, 32, 64, 80})
      for (const bool biased : {false, true}) {
        for (const auto& [positions, step, n_queries] : std::vector<std::array<std::size_t, 3>>{
                 {1, 0, 3}, {2, 1, 4}, {3, 0, 1}, {5, 1, 8}, {17, 0, 5}, {40, 1, 7}, {1, 1, 1}}) {
          const std::size_t slope_stride = 1 - step;
          const std::size_t n_keys = positions + (n_queries - 1) * step;
          const std::size_t stride = head_dim + 5;
          auto q = numbers(n_queries * stride, 1);
          for (float& value : q) value *= 5;
          const auto k = numbers(n_keys * head_dim, 2), v = numbers(n_keys * head_dim, 3);
          std::vector<float> scores(n_queries * score_room(n_keys));
          std::vector<float> out(n_queries * stride, -7);
          attend(isa, {.queries = {q.data(), stride, n_queries},
                       .keys = k.data(),
                       .values = v.data(),
                       .positions = positions,
                       .step = step,
                       .head_dim = head_dim,
                       .slopes = biased ? slopes.data() : nullptr,
                       .slope_stride = slope_stride,
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
              const double bias = biased ? slopes[i * slope_stride] * double(seen - 1 - s) : 0;
              products[s] = static_cast<float>(dot - bias * std::sqrt(double(head_dim)));
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
    for (const std::size_t size : kHeadDims) {
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
