#pragma once

namespace minillama::app {

/// Has OpenBLAS, which computes LibTorch's products on Debian, use the widest vectors of this
/// processor in the programs that are started from here on, unless OPENBLAS_CORETYPE says what to
/// use. Left alone it takes instructions of 2004 for a processor that is newer than itself, and
/// AVX2 for AMD's with AVX-512 (docs/performance.md). OpenBLAS chooses before main() begins.
void prepare_blas();

/// The same for this program: starts it once more if something is to change.
void restart_with_blas(char** argv);

}  // namespace minillama::app
