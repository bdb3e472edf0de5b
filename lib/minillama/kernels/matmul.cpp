#include "minillama/kernels/matmul.h"

#include <algorithm>

#include "minillama/kernels/simd.h"

namespace minillama::kernels {
namespace {

template <typename T>
struct Product {
  const T* w;
  std::size_t cols;
  InputRows x;
  OutputRows y;
  Output output;
  Source source;
};

/// For the vector that ends at the last column and overlaps the one before: all bits where a lane
/// is one of the last `rest`, none in the lanes that were added already.
template <int Lanes>
MINILLAMA_INLINE void last_lanes(Ints<Lanes>& mask, std::size_t rest) {
  for (int lane = 0; lane < Lanes; ++lane) {
    mask[lane] = lane >= Lanes - static_cast<int>(rest) ? -1 : 0;
  }
}

/// Adds the products of column c on of Rows rows of weights, the first at `w`, with the inputs
/// `xs`. If `Ahead`, the next rows are asked for meanwhile, since some processors stop fetching
/// ahead at the end of each row (docs/performance.md).
template <int Lanes, int Rows, int Tokens, bool Ahead, typename T>
MINILLAMA_INLINE void add_columns(const T* w, std::size_t cols, std::size_t c,
                                  const Floats<Lanes> (&xs)[Tokens],
                                  Floats<Lanes> (&sums)[Rows][Tokens]) {
  for (int r = 0; r < Rows; ++r) {
    const T* weights = w + r * cols + c;
    if constexpr (Ahead) __builtin_prefetch(weights + Rows * cols);
    Floats<Lanes> ws;
    load<Lanes>(ws, weights);
    for (int t = 0; t < Tokens; ++t) sums[r][t] += ws * xs[t];
  }
}

/// Rows x Tokens elements of the product, whose sums stay in registers. cols >= Lanes.
template <int Lanes, int Rows, int Tokens, bool Ahead, typename T>
MINILLAMA_INLINE void tile(const Product<T>& p, std::size_t row, std::size_t token) {
  const std::size_t cols = p.cols, stride = p.x.stride;
  const T* w = p.w + row * cols;
  const float* x = p.x.data + token * stride;
  Floats<Lanes> sums[Rows][Tokens] = {};
  Floats<Lanes> xs[Tokens];
  std::size_t c = 0;
  for (; c + Lanes <= cols; c += Lanes) {
    for (int t = 0; t < Tokens; ++t) load<Lanes>(xs[t], x + t * stride + c);
    add_columns<Lanes, Rows, Tokens, Ahead>(w, cols, c, xs, sums);
  }
  if (c < cols) {
    Ints<Lanes> mask;
    last_lanes<Lanes>(mask, cols - c);
    c = cols - Lanes;
    for (int t = 0; t < Tokens; ++t) {
      load<Lanes>(xs[t], x + t * stride + c);
      xs[t] = mask ? xs[t] : Floats<Lanes>{};
    }
    add_columns<Lanes, Rows, Tokens, Ahead>(w, cols, c, xs, sums);
  }
  for (int t = 0; t < Tokens; ++t) {
    float* y = p.y.data + (token + t) * p.y.stride + row;
    for (int r = 0; r < Rows; ++r) {
      // Of a copy, as an array whose elements' addresses are taken is not kept in registers.
      const Floats<Lanes> lanes = sums[r][t];
      const float total = sum<Lanes>(lanes);
      y[r] = p.output == Output::add ? y[r] + total : total;
    }
  }
}

/// How many tokens a tile has, beside four rows: what the registers hold.
template <int Lanes>
constexpr int kTokensOfTile = Lanes >= 16 ? 4 : 2;

template <int Lanes, int Rows, typename T>
MINILLAMA_INLINE void tokens_of_group(const Product<T>& p, std::size_t row, std::size_t begin,
                                      std::size_t end) {
  constexpr int kTokens = kTokensOfTile<Lanes>;
  constexpr bool kSideBySide = Rows > 1;
  std::size_t t = begin;
  // Of several tokens a tile has enough to do for rows that come from a cache.
  if (kSideBySide && p.source != Source::cache) {
    for (; t + kTokens <= end; t += kTokens) tile<Lanes, Rows, kTokens, kSideBySide>(p, row, t);
  } else {
    for (; t + kTokens <= end; t += kTokens) tile<Lanes, Rows, kTokens, false>(p, row, t);
  }
  for (; t < end; ++t) tile<Lanes, Rows, 1, kSideBySide>(p, row, t);
}

template <int Lanes, typename T>
MINILLAMA_INLINE void product(const Product<T>& p, std::size_t rows) {
  if constexpr (Lanes > 1) {
    if (p.cols < Lanes) return product<Lanes / 2>(p, rows);
  }
  // As many rows of x as the first-level cache holds beside a few of W.
  constexpr std::size_t kGroupBytes = 32 << 10;
  const std::size_t group = std::max<std::size_t>(4, kGroupBytes / sizeof(float) / p.cols / 4 * 4);
  constexpr int kRows = 4;
  for (std::size_t begin = 0; begin < p.x.count; begin += group) {
    const std::size_t end = std::min(p.x.count, begin + group);
    std::size_t row = 0;
    // Several rows side by side some processors read from memory less than half as fast as one
    // stream (docs/performance.md).
    if (p.source != Source::memory_stream || p.x.count >= 4 * kTokensOfTile<Lanes>) {
      for (; row + kRows <= rows; row += kRows) tokens_of_group<Lanes, kRows>(p, row, begin, end);
    }
    for (; row < rows; ++row) tokens_of_group<Lanes, 1>(p, row, begin, end);
  }
}

}  // namespace

Source memory_source() {
#if defined(__x86_64__)
  return __builtin_cpu_is("intel") ? Source::memory_rows : Source::memory_stream;
#else
  return Source::memory_stream;
#endif
}

template <typename T>
void matmul(Isa isa, const T* w, std::size_t rows, std::size_t cols, const InputRows& x,
            const OutputRows& y, Output output, Source source) {
  const Product<T> p{w, cols, x, y, output, source};
  with_lanes(isa, [&]<int Lanes>() MINILLAMA_INLINED { product<Lanes>(p, rows); });
}

#define MINILLAMA_MATMUL(T)                                                       \
  template void matmul(Isa, const T*, std::size_t, std::size_t, const InputRows&, \
                       const OutputRows&, Output, Source);
MINILLAMA_MATMUL(float)
MINILLAMA_MATMUL(Half)
MINILLAMA_MATMUL(BFloat16)
#undef MINILLAMA_MATMUL

}  // namespace minillama::kernels
