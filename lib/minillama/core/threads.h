#pragma once

#include "minillama/core/processors.h"

namespace minillama {

/// How many threads compute unless set_threads() (core/device.h) says otherwise: as many as
/// OMP_NUM_THREADS in the environment says, but no more than available_processors(); all of those
/// without it.
int default_threads();

/// How many threads of the process compute at most, the callers of the library included: what
/// set_threads() said, or default_threads().
int threads();

/// set_threads(), but for what LibTorch has to be told.
void set_thread_limit(int count);

}  // namespace minillama
