#include "minillama/eval/reliability_diagram.h"

#include "support/catch.h"
#include "support/matches.h"
#include "support/option_error.h"

using namespace minillama;
using minillama::test::n_matches;

TEST_CASE("reliability diagram: what is drawn of two bins, by hand") {
  // Of a plot whose corners are (48, 428), with 0 and 0, and (388, 88), with 1 and 1.
  const std::vector<ReliabilityBin> bins{
      {0, 0.25, 0, 0, 0}, {0.25, 0.5, 4, 0.4, 0.75}, {0.5, 0.75, 0, 0, 0}, {0.75, 1, 12, 0.9, 1}};
  const auto svg = reliability_diagram(bins);
  // (4 * 0.35 + 12 * 0.1) / 16
  CHECK_THAT(svg, contains("expected calibration error 0.1625, 16 answers"));
  CHECK_THAT(svg, contains("(prefers-color-scheme: dark)"));
  // One of the legend, one of each bin that has answers, and their counts.
  CHECK(n_matches(svg, "class=\"bar\"") == 1 + 2 + 2);
  CHECK(n_matches(svg, "class=\"said\"") == 1 + 2);
  CHECK(n_matches(svg, "class=\"interval\"") == 1 + 2);
  // 0.75 of 340 pixels high; all of them.
  CHECK_THAT(svg, contains(R"(<rect x="134.0" y="173.0" width="83.0" height="255.0")"));
  CHECK_THAT(svg, contains(R"(<rect x="304.0" y="88.0" width="83.0" height="340.0")"));
  // The mean probability.
  CHECK_THAT(svg, contains(R"(<path d="M134.0 292.0L217.0 292.0" class="said")"));
  CHECK_THAT(svg, contains(R"(<path d="M304.0 122.0L387.0 122.0" class="said")"));
  // Wilson's interval of 12 of 12 begins at 12 / (12 + 1.96^2) = 0.7575.
  CHECK_THAT(svg, contains(R"(<path d="M345.5 170.4L345.5 88.0" class="interval")"));
  CHECK_THAT(svg, contains(R"(<path d="M48.0 428.0L388.0 88.0" class="diagonal")"));
  CHECK(n_matches(svg, "class=\"small\">4</text>") == 1);
  CHECK(n_matches(svg, "class=\"small\">12</text>") == 1);
  CHECK(n_matches(svg, "class=\"small\"") == 2);
  CHECK(n_matches(svg, "<svg") == 1);
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
