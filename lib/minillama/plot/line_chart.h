#pragma once

// Not part of the public interface: how curves are drawn.

#include <string>
#include <vector>

#include "minillama/plot/point.h"

namespace minillama {

struct LineChartSeries {
  std::string name;           ///< in the legend; empty: not there
  std::vector<Point> points;  ///< from left to right; one that is not finite is left out
};

/// Curves over each other.
struct LineChart {
  std::string title;
  std::string x_name;
  std::vector<LineChartSeries> series;
};

/// Draws them as SVG, light or dark as the reader's screen is: both axes reach from the least value
/// to the greatest and are marked at round numbers; a curve of few points has dots on them. More
/// curves than there are colours, eight, share them. Without a point the drawing says so.
std::string line_chart(const LineChart& chart);

}  // namespace minillama
