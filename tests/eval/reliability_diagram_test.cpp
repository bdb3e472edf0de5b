#include "minillama/eval/reliability_diagram.h"

#include <regex>

#include "support/catch.h"
#include "support/option_error.h"

using namespace minillama;

namespace {

/// How often `what` stands in `text`.
std::ptrdiff_t count(const std::string& text, const std::string& what) {
  const std::regex pattern(what);
  return std::distance(std::sregex_iterator(text.begin(), text.end(), pattern), {});
}

}  // namespace

TEST_CASE("reliability diagram: what is drawn of two bins, by hand") {
  // Of a plot whose corners are (60, 468), with 0 and 0, and (460, 68), with 1 and 1.
  const std::vector<ReliabilityBin> bins{
      {0, 0.25, 0, 0, 0}, {0.25, 0.5, 4, 0.4, 0.75}, {0.5, 0.75, 0, 0, 0}, {0.75, 1, 12, 0.9, 1}};
  const auto svg = reliability_diagram(bins);
  // (4 * 0.35 + 12 * 0.1) / 16
  CHECK_THAT(svg, contains("expected calibration error 0.1625, 16 answers"));
  CHECK_THAT(svg, contains("@media (prefers-color-scheme: dark)"));
  // One of the legend, one of each bin that has answers, and their counts.
  CHECK(count(svg, "class=\"right\"") == 1 + 2 + 2);
  CHECK(count(svg, "class=\"said\"") == 1 + 2);
  CHECK(count(svg, "class=\"interval\"") == 1 + 2);
  // 0.75 of 400 pixels high; all of them.
  CHECK_THAT(svg, contains(R"(<rect x="161.0" y="168.0" width="98.0" height="300.0")"));
  CHECK_THAT(svg, contains(R"(<rect x="361.0" y="68.0" width="98.0" height="400.0")"));
  // The mean probability.
  CHECK_THAT(svg, contains(R"(<path d="M161.0 308.0L259.0 308.0" class="said")"));
  CHECK_THAT(svg, contains(R"(<path d="M361.0 108.0L459.0 108.0" class="said")"));
  // Wilson's interval of 12 of 12 begins at 12 / (12 + 1.96^2) = 0.7575.
  CHECK_THAT(svg, contains(R"(<path d="M410.0 165.0L410.0 68.0" class="interval")"));
  CHECK_THAT(svg, contains(R"(<path d="M60.0 468.0L460.0 68.0" class="diagonal")"));
  CHECK(count(svg, "class=\"count\">4</text>") == 1);
  CHECK(count(svg, "class=\"count\">12</text>") == 1);
  CHECK(count(svg, "class=\"count\"") == 2);
  CHECK(count(svg, "<svg") == 1);
  CHECK(svg.ends_with("</svg>\n"));
}

TEST_CASE("reliability diagram: without answers, and without bins") {
  const std::vector<ReliabilityBin> empty{{0, 1, 0, 0, 0}};
  const auto svg = reliability_diagram(empty);
  CHECK_THAT(svg, contains("expected calibration error 0.0000, 0 answers"));
  CHECK_THAT(svg, !contains("nan"));
  CHECK(test::option_error([] { reliability_diagram({}); }) ==
        "the number of bins is 0, must be at least 1");
}
