#define CATCH_CONFIG_RUNNER
#include <iostream>
#include <string>

#include "support/catch.h"

namespace minillama::test {
namespace {
bool skipped = false;
}

void note_skip(const std::string& what) {
  skipped = true;
  std::cout << "SKIPPED: " << what << " is not there\n";
}

}  // namespace minillama::test

int main(int argc, char* argv[]) {
  constexpr int kSkipReturnCode = 77;
  const int result = Catch::Session().run(argc, argv);
  return result == 0 && minillama::test::skipped ? kSkipReturnCode : result;
}
