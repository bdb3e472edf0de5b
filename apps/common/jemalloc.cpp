// How jemalloc, where it is linked, treats freed memory: as keep_freed_memory() (common/app.cpp) has
// glibc do it, it stays with the process.

extern "C" {
// jemalloc looks for this name (jemalloc(3), "TUNING").
extern const char* malloc_conf;
const char* malloc_conf = "dirty_decay_ms:-1,muzzy_decay_ms:-1";
}
