#pragma once

// Which instruction set a kernel may use. A kernel is written for several sets in one file, through
// function-level target attributes, so that one binary runs on every x86-64 processor and uses what
// it finds. Elsewhere the attributes are empty and only the portable version is ever chosen.
// (kernels/q8_0_product.h has the exception.)

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
#define MINILLAMA_INLINE_LAMBDA __attribute__((always_inline))

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

}  // namespace minillama::kernels
