#define CATCH_CONFIG_RUNNER
#include <iostream>
#include <map>
#include <string>

#include "support/catch.h"
#include "support/counts.h"

namespace minillama::test {
namespace {

bool skipped = false;

std::map<std::string, std::size_t>& counts() {
  static std::map<std::string, std::size_t> kinds;
  return kinds;
}

}  // namespace

void count(const std::string& kind, std::size_t n) {
  counts()[kind] += n;
}

void print_counts() {
  for (const auto& [kind, n] : counts()) std::cout << "COUNT " << n << ' ' << kind << '\n';
}

void note_skip(const std::string& what) {
  skipped = true;
  std::cout << "SKIPPED: " << what << " is not there\n";
}

}  // namespace minillama::test

int main(int argc, char* argv[]) {
  constexpr int kSkipReturnCode = 4;  // that of Catch2 3's SKIP, which its CMake module expects
  const int result = Catch::Session().run(argc, argv);
  minillama::test::print_counts();
  if (result != 0) return 1;  // Catch2 2 returns how many assertions failed: 4, too
  return minillama::test::skipped ? kSkipReturnCode : 0;
}
