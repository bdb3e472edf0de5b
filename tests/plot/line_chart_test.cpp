#include "minillama/plot/line_chart.h"

#include <limits>

#include "support/catch.h"
#include "support/matches.h"

using namespace minillama;
using minillama::test::n_matches;

TEST_CASE("line chart: where points lie, by hand") {
  const auto svg =
      line_chart({.title = "loss",
                  .x_name = "epoch",
                  .series = {{"train", {{0, 2}, {1, 1}, {2, 0}}}, {"dev", {{1, 1.5}}}}});
  // Axes from (60, 240) to (382, 60), under a title and one row of names.
  CHECK_THAT(svg, contains("<path d=\"M60.0 60.0L221.0 150.0L382.0 240.0\" class=\"curve c0\"/>"));
  CHECK_THAT(svg, contains("<circle cx=\"221.0\" cy=\"105.0\" r=\"3\" class=\"dot c1\"/>"));
  CHECK(n_matches(svg, "<circle") == 4);
  CHECK(n_matches(svg, "class=\"key c[01]\"") == 2);
  for (const auto* words : {">loss<", ">epoch<", ">train<", ">dev<", ">0.5<", ">2.0<"}) {
    CHECK_THAT(svg, contains(words));
  }
  CHECK_THAT(svg, contains("aria-label=\"loss\""));
  CHECK_THAT(svg, contains("prefers-color-scheme: dark"));
}

TEST_CASE("line chart: a value alone, values that are none, and no value at all") {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const auto alone = line_chart({.title = "", .x_name = "", .series = {{"", {{3, 0}}}}});
  CHECK(n_matches(alone, "<circle") == 1);
  const auto holes = line_chart(
      {.title = "", .x_name = "", .series = {{"", {{0, 1}, {1, kNone}, {2, 1 / 0.}, {3, 2}}}}});
  CHECK(n_matches(holes, "<circle") == 2);
  const auto nothing = line_chart({.title = "", .x_name = "", .series = {{"", {{0, kNone}}}}});
  CHECK_THAT(nothing, contains("nothing was measured"));
  for (const auto& svg : {alone, holes, nothing}) {
    CHECK_THAT(svg, !contains("nan") && !contains("inf"));
  }
}

TEST_CASE("line chart: hostile and long names stay within, and curves share eight colours") {
  LineChart chart{.title = "<b>&", .x_name = "\"x\"", .series = {}};
  for (int i = 0; i < 10; ++i) {
    chart.series.push_back({"</svg>" + std::string(100, 'm'), {{0, 1. * i}, {1, 2. * i}}});
  }
  const auto svg = line_chart(chart);
  CHECK_THAT(svg, contains("&lt;b&gt;&amp;"));
  CHECK(n_matches(svg, "</svg>") == 1);
  CHECK(n_matches(svg, "class=\"curve c1\"") == 2);
  CHECK_THAT(svg, contains("…<") && !contains(std::string(60, 'm')));
}
