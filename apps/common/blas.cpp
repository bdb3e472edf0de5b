#include "common/blas.h"

#include <unistd.h>

#include <cstdlib>

#include "minillama/kernels/dispatch.h"

namespace minillama::app {
namespace {

constexpr const char* kVariable = "OPENBLAS_CORETYPE";

/// What OpenBLAS calls the first processor with such vectors; null for those without.
const char* core_type() {
  switch (kernels::best_isa()) {
    case kernels::Isa::avx512:
      return "SkylakeX";
    case kernels::Isa::avx2:
      return "Haswell";
    case kernels::Isa::portable:
      return nullptr;
  }
  return nullptr;
}

}  // namespace

void prepare_blas() {
  if (const char* type = core_type()) ::setenv(kVariable, type, /*overwrite=*/0);
}

void restart_with_blas(char** argv) {
  if (core_type() == nullptr || std::getenv(kVariable) != nullptr) return;
  prepare_blas();
  ::execv("/proc/self/exe", argv);
  // Where that cannot be, all is as it would have been.
}

}  // namespace minillama::app
