#pragma once

// Catch2 2 and 3 under one name. Test data that is absent is reported as a skip: Catch2 2 has no
// SKIP, so a test says `SKIP_WITHOUT(...)` and main() exits with ctest's SKIP_RETURN_CODE.

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif

#include <string>

namespace minillama::test {

/// The matcher that both versions have under different names.
inline auto contains(const std::string& part) {
#if __has_include(<catch2/catch_all.hpp>)
  return Catch::Matchers::ContainsSubstring(part);
#else
  return Catch::Matchers::Contains(part);
#endif
}

/// Notes that the running test lacks `what`, so that the program exits as skipped.
void note_skip(const std::string& what);

}  // namespace minillama::test

using minillama::test::contains;

/// Leaves the test case, to be reported as skipped, if `path` (a std::optional) is empty.
#define SKIP_WITHOUT(path, what)        \
  if (!(path)) {                        \
    ::minillama::test::note_skip(what); \
    return;                             \
  }
