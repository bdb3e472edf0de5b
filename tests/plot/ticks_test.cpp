#include "minillama/plot/ticks.h"

#include <cmath>
#include <limits>

#include "support/catch.h"

using namespace minillama;

namespace {

std::vector<std::string> labels(double low, double high, int most = 6) {
  std::vector<std::string> all;
  for (const auto& tick : ticks(low, high, most)) all.push_back(tick.label);
  return all;
}

using Labels = std::vector<std::string>;

}  // namespace

TEST_CASE("ticks: round numbers within the range, ends included, with the digits that tell") {
  CHECK(labels(0, 1) == Labels{"0", "0.2", "0.4", "0.6", "0.8", "1.0"});
  CHECK(labels(0.37, 0.52) == Labels{"0.40", "0.45", "0.50"});
  CHECK(labels(1, 3) == Labels{"1.0", "1.5", "2.0", "2.5", "3.0"});
  CHECK(labels(-30, 45) == Labels{"-20", "0", "20", "40"});
  CHECK(labels(0, 12345) == Labels{"0", "5000", "10000"});
}

TEST_CASE("ticks: long numbers in powers of ten") {
  CHECK(labels(0, 2e-3) == Labels{"0", "5e-4", "1e-3", "1.5e-3", "2e-3"});
  CHECK(labels(0, 2.5e6) == Labels{"0", "5e5", "1e6", "1.5e6", "2e6", "2.5e6"});
}

TEST_CASE("ticks: of the largest numbers, and of those that are hardly told apart") {
  constexpr double kMost = std::numeric_limits<double>::max();
  const auto marks = ticks(-kMost, kMost, 6);
  CHECK(marks.size() >= 2);
  CHECK(marks.size() <= 6);
  for (const double low : {1e18, -1e18, 1e300, 1.0}) {
    CHECK(ticks(low, std::nextafter(low, kMost), 6).size() <= 6);
  }
}

TEST_CASE("ticks: of ranges of any size there are two to six, in order and within") {
  for (int i = -60; i < 60; ++i) {
    const double low = 0.7 * i, width = std::pow(10, 0.1 * i);
    const auto marks = ticks(low, low + width, 6);
    CAPTURE(low, width);
    CHECK(marks.size() >= 2);
    CHECK(marks.size() <= 6);
    for (std::size_t k = 0; k < marks.size(); ++k) {
      CHECK(marks[k].value >= low - 1e-5 * width);
      CHECK(marks[k].value <= low + 1.00001 * width);
      if (k > 0) CHECK(marks[k].value > marks[k - 1].value);
    }
  }
}
