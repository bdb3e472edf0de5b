#pragma once

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace minillama::kernels {

/// While it lives, this thread takes numbers below the smallest normal one (1e-38 in float32) for
/// zero. x86-64 computes with them a hundred times more slowly, and moments that decay without a
/// gradient, as those of rare tokens' embeddings do, get there and stay. Elsewhere it does nothing.
class FlushDenormals {
 public:
#if defined(__x86_64__)
  FlushDenormals() : saved_(_mm_getcsr()) {
    _mm_setcsr(saved_ | kFlushResults | kOperandsAreZero);
  }
  ~FlushDenormals() {
    _mm_setcsr(saved_);
  }
#else
  FlushDenormals() {}
#endif
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

#if defined(__x86_64__)
 private:
  static constexpr unsigned kFlushResults = 0x8000;     // FTZ
  static constexpr unsigned kOperandsAreZero = 0x0040;  // DAZ
  unsigned saved_;
#endif
};

}  // namespace minillama::kernels
