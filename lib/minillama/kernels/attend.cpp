#include "minillama/kernels/attend.h"

#include <cmath>

#include "minillama/kernels/distance_bias.h"
#include "minillama/kernels/simd.h"
#include "minillama/kernels/softmax.h"

namespace minillama::kernels {
namespace {

/// Sums of each element, over every kSums-th key: so an element is the same whatever the numbers of
/// queries and of later keys, whose weights are 0.
constexpr int kSums = 4;

/// out[q][0 .. Vectors * Lanes) = sum over s of weights[q][s] * values[s][..] for a few queries q.
/// Values that were loaded serve all of them; few sums are taken side by side with those of the
/// keys that follow, since each addition waits for the one before it in its own sum.
template <int Lanes, int Vectors, int Queries>
MINILLAMA_INLINE void weighted_tile(const Attention& a, std::size_t query, std::size_t d,
                                    std::size_t n_keys) {
  constexpr int kAtOnce = Queries * Vectors >= 8 ? 1 : kSums;
  const std::size_t room = score_room(n_keys);
  const float* weights = a.scores + query * room;
  Floats<Lanes> totals[Queries][Vectors] = {};
  for (std::size_t first = 0; first < kSums; first += kAtOnce) {
    Floats<Lanes> sums[kAtOnce][Queries][Vectors] = {};
    const auto add = [&](int sum, std::size_t s) MINILLAMA_INLINED {
      Floats<Lanes> v[Vectors];
      for (int k = 0; k < Vectors; ++k)
        load<Lanes>(v[k], a.values + s * a.head_dim + d + k * Lanes);
      for (int q = 0; q < Queries; ++q) {
        for (int k = 0; k < Vectors; ++k) sums[sum][q][k] += weights[q * room + s] * v[k];
      }
    };
    std::size_t s = first;
    for (; s + kAtOnce <= n_keys; s += kSums) {
      for (int i = 0; i < kAtOnce; ++i) add(i, s + i);
    }
    for (int i = 0; s + i < n_keys; ++i) add(i, s + i);
    for (int i = 0; i < kAtOnce; ++i) {
      for (int q = 0; q < Queries; ++q) {
        for (int k = 0; k < Vectors; ++k) totals[q][k] += sums[i][q][k];
      }
    }
  }
  for (int q = 0; q < Queries; ++q) {
    for (int k = 0; k < Vectors; ++k) {
      store<Lanes>(a.out.data + (query + q) * a.out.stride + d + k * Lanes, totals[q][k]);
    }
  }
}

template <int Lanes, int Vectors>
MINILLAMA_INLINE void weighted_columns(const Attention& a, std::size_t d, std::size_t n_keys) {
  constexpr int kQueries = Lanes >= 16 ? 4 : 2;  // what the registers hold
  std::size_t q = 0;
  for (; q + kQueries <= a.queries.count; q += kQueries) {
    weighted_tile<Lanes, Vectors, kQueries>(a, q, d, n_keys);
  }
  for (; q < a.queries.count; ++q) weighted_tile<Lanes, Vectors, 1>(a, q, d, n_keys);
}

/// The columns of the outputs from d on: as many vectors at a time as there is room for.
template <int Lanes>
MINILLAMA_INLINE void weighted_sums(const Attention& a, std::size_t d, std::size_t n_keys) {
  for (; d + 4 * Lanes <= a.head_dim; d += 4 * Lanes) weighted_columns<Lanes, 4>(a, d, n_keys);
  for (; d + Lanes <= a.head_dim; d += Lanes) weighted_columns<Lanes, 1>(a, d, n_keys);
  if constexpr (Lanes > 1) {
    if (d < a.head_dim) weighted_sums<Lanes / 2>(a, d, n_keys);
  }
}

}  // namespace

void attend(Isa isa, const Attention& attention) {
  const Attention& a = attention;
  const std::size_t n_keys = a.positions + (a.queries.count - 1) * a.step;
  const std::size_t room = score_room(n_keys);
  matmul(isa, a.keys, n_keys, a.head_dim, a.queries, {a.scores, room});
  const float scale = 1 / std::sqrt(static_cast<float>(a.head_dim));
  for (std::size_t i = 0; i < a.queries.count; ++i) {
    const std::size_t seen = a.positions + i * a.step;
    float* scores = a.scores + i * room;
    // The softmax scales what it is given, biases included.
    if (a.slopes != nullptr) {
      add_distance_bias(isa, seen, a.slopes[i * a.slope_stride] / scale, scores);
    }
    softmax_forward(isa, room, seen, scale, scores);
  }
  with_lanes(isa,
             [&a, n_keys]<int Lanes>() MINILLAMA_INLINED { weighted_sums<Lanes>(a, 0, n_keys); });
}

}  // namespace minillama::kernels
