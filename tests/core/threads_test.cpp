#include "minillama/core/threads.h"

#include <cstdlib>
#include <optional>
#include <string>

#include "minillama/core/error.h"

#include "support/catch.h"

using namespace minillama;

namespace {

/// OMP_NUM_THREADS is `value`, or unset, until the end of the scope.
class Environment {
 public:
  explicit Environment(const char* value) {
    if (const char* before = std::getenv(kName)) before_ = before;
    set(value);
  }
  ~Environment() { set(before_ ? before_->c_str() : nullptr); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  static constexpr const char* kName = "OMP_NUM_THREADS";
  static void set(const char* value) {
    if (value != nullptr) {
      ::setenv(kName, value, 1);
    } else {
      ::unsetenv(kName);
    }
  }
  std::optional<std::string> before_;
};

int default_with(const char* value) {
  const Environment environment(value);
  return default_threads();
}

}  // namespace

TEST_CASE("threads: OMP_NUM_THREADS is the default, up to the number of processors") {
  const int all = available_processors();
  CHECK(default_with(nullptr) == all);
  CHECK(default_with("1") == 1);
  CHECK(default_with(" 1") == 1);
  CHECK(default_with("1,8,4") == 1);
  CHECK(default_with("2") == std::min(2, all));
  CHECK(default_with("1000000") == all);
  CHECK(default_with("99999999999999999999") == all);
  for (const auto* no_number : {"", " ", "0", "-1", "x", ",1"})
    CHECK(default_with(no_number) == all);
}

TEST_CASE("threads: a limit holds up to the number of processors; nonsense is refused") {
  const int all = available_processors(), before = threads();
  set_thread_limit(1);
  CHECK(threads() == 1);
  set_thread_limit(64);
  CHECK(threads() == std::min(64, all));
  for (const int count : {0, -1, 1025, 5000}) {
    CHECK_THROWS_AS(set_thread_limit(count), OptionError);
    CHECK(threads() == std::min(64, all));
  }
  set_thread_limit(before);
}
