// How jemalloc, where it is linked, treats freed memory: it stays with the process for ten seconds.
// Kept for ever, as keep_freed_memory() (common/app.cpp) has glibc do it, memory of ever other sizes
// would add up: training SmolLM2 on texts of all lengths grew from 2.3 GB to 3.7 GB and on. Given
// back at once, each step would take its pages from the system anew.

extern "C" {
// jemalloc looks for this name (jemalloc(3), "TUNING").
extern const char* malloc_conf;
const char* malloc_conf = "dirty_decay_ms:10000,muzzy_decay_ms:0";
}
