// How jemalloc, where it is linked, treats freed memory: after ten seconds the system may take it
// when it needs it (MADV_FREE); until then it stays with the process. Kept for good, as
// keep_freed_memory() (common/app.cpp) has glibc do it, memory would add up in which texts of ever
// other lengths leave holes. Given back at once after these seconds, its pages would come from the
// system anew: an epoch of SST took a tenth longer.

extern "C" {
// jemalloc looks for this name (jemalloc(3), "TUNING").
extern const char* malloc_conf;
const char* malloc_conf = "dirty_decay_ms:10000,muzzy_decay_ms:-1";
}
