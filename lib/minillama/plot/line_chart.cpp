#include "minillama/plot/line_chart.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "minillama/plot/svg.h"
#include "minillama/plot/ticks.h"

namespace minillama {
namespace {

constexpr double kLeft = 56, kRight = Svg::kWidth - 14;
constexpr double kPlotHeight = 180;
constexpr double kTitle = 24, kLegendRow = 20;
constexpr std::size_t kFewPoints = 12;

/// What an axis shows, and where on the paper.
struct Axis {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  double begin = 0, end = 0;  // in pixels

  void include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  /// One value alone gets room on both sides.
  void widen() {
    if (low < high) return;
    const double half = std::abs(low) / 2;
    const double room = half == 0 ? 1 : half;
    low -= room;
    high += room;
  }
  /// Of halves: high - low may be too large a number.
  double place(double value) const {
    return begin + (end - begin) * ((value / 2 - low / 2) / (high / 2 - low / 2));
  }
};

bool is_finite(const Point& point) {
  return std::isfinite(point.x) && std::isfinite(point.y);
}

/// `name` if there is room for it in a row, else its beginning.
std::string shown_name(const std::string& name) {
  constexpr std::size_t kMost = 40;
  std::size_t n = 0;
  for (std::size_t at = 0; at < name.size(); ++at) {
    if ((name[at] & 0xC0) != 0x80 && n++ == kMost) return name.substr(0, at) + "…";
  }
  return name;
}

/// The names of the curves in rows below the title; returns the height that they take.
double draw_legend(const LineChart& chart, Svg* svg) {
  constexpr double kKey = 20, kLetter = 7.2, kGap = 16;  // a letter is as wide on average, at most
  double x = kLeft, y = kTitle + kLegendRow;
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const auto name = shown_name(chart.series[i].name);
    const double width = kKey + 6 + kLetter * static_cast<double>(name.size()) + kGap;
    if (x > kLeft && x + width - kGap > kRight) {
      x = kLeft;
      y += kLegendRow;
    }
    if (svg != nullptr && !name.empty()) {
      svg->line({x, y - 4}, {x + kKey, y - 4}, "key " + colour_of(i));
      svg->text({x + kKey + 6, y}, name);
    }
    x += width;
  }
  return y;
}

void draw_axes(const Axis& x, const Axis& y, const std::string& x_name, Svg& svg) {
  for (const auto& [value, label] : ticks(y.low, y.high, 6)) {
    svg.line({kLeft, y.place(value)}, {kRight, y.place(value)}, "grid");
    svg.text({kLeft - 6, y.place(value) + 4}, label, "end");
  }
  for (const auto& [value, label] : ticks(x.low, x.high, 6)) {
    svg.line({x.place(value), y.begin}, {x.place(value), y.begin + 4}, "grid");
    svg.text({x.place(value), y.begin + 18}, label, "middle");
  }
  svg.line({kLeft, y.begin}, {kRight, y.begin}, "grid");
  svg.text({(kLeft + kRight) / 2, y.begin + 36}, x_name, "middle");
}

}  // namespace

std::string line_chart(const LineChart& chart) {
  const double top = draw_legend(chart, nullptr) + 16;
  const double bottom = top + kPlotHeight;
  Svg svg(bottom + 46, chart.title);
  svg.text({kLeft, kTitle - 4}, chart.title, "start", "head");
  draw_legend(chart, &svg);

  Axis x{.begin = kLeft + 4, .end = kRight - 4};
  Axis y{.begin = bottom, .end = top};
  for (const auto& series : chart.series) {
    for (const auto& point : series.points) {
      if (!is_finite(point)) continue;
      x.include(point.x);
      y.include(point.y);
    }
  }
  if (x.low > x.high) {
    svg.text({(kLeft + kRight) / 2, (top + bottom) / 2}, "nothing was measured", "middle");
    return svg.str();
  }
  x.widen();
  y.widen();
  draw_axes(x, y, chart.x_name, svg);
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    std::vector<Point> places;
    for (const auto& point : chart.series[i].points) {
      if (is_finite(point)) places.push_back({x.place(point.x), y.place(point.y)});
    }
    svg.curve(places, colour_of(i));
    if (places.size() > kFewPoints) continue;
    for (const auto& place : places) svg.dot(place, colour_of(i));
  }
  return svg.str();
}

}  // namespace minillama
