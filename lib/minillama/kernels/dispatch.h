#pragma once

// Which instruction set a kernel may use. A kernel is written for several sets in one file, through
// function-level target attributes, so that one binary runs on every x86-64 processor and uses what
// it finds. Elsewhere the attributes are empty and only the portable version is ever chosen.
// (kernels/block_product.h has the exception.)

#if defined(__x86_64__)
#define MINILLAMA_TARGET_AVX2 __attribute__((target("avx2,fma,f16c")))
#define MINILLAMA_TARGET_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")))
#else
#define MINILLAMA_TARGET_AVX2
#define MINILLAMA_TARGET_AVX512
#endif

/// For a loop body that each version of a kernel must compile for itself; the second behind the
/// parameters of a lambda.
#define MINILLAMA_INLINE inline __attribute__((always_inline))
#define MINILLAMA_INLINED __attribute__((always_inline))

namespace minillama::kernels {

/// Instruction sets, each containing those before it.
enum class Isa {
  portable,  ///< what the compiler was told to assume
  avx2,      ///< AVX2 and FMA
  avx512,    ///< AVX-512 F, BW, DQ and VL
};

/// The largest set that this processor and its operating system offer.
Isa best_isa();

/// Whether there is also AVX-512 VNNI: dot products of bytes.
bool has_avx512_vnni();

/// Whether it multiplies matrices of bfloat16 in hardware (AVX-512 BF16 or AMX).
bool has_bfloat16_products();

template <typename Body>
MINILLAMA_TARGET_AVX2 void run_avx2(const Body& body) {
  body();
}

template <typename Body>
MINILLAMA_TARGET_AVX512 void run_avx512(const Body& body) {
  body();
}

/// Runs `body`, a lambda that is MINILLAMA_INLINED and calls MINILLAMA_INLINE functions only,
/// compiled for the instruction set `isa`.
template <typename Body>
void run_for(Isa isa, const Body& body) {
  switch (isa) {
    case Isa::avx512:
      return run_avx512(body);
    case Isa::avx2:
      return run_avx2(body);
    case Isa::portable:
      return body();
  }
}

}  // namespace minillama::kernels
