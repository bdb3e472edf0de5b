#pragma once

// Not part of the public interface: what figures are drawn with.

#include <span>
#include <string>
#include <string_view>

#include "minillama/plot/point.h"

namespace minillama {

/// A drawing in SVG, in pixels from its upper left corner, that brings its own style: light or
/// dark, as the reader's screen is. As a file or within HTML. Its width is 400, so that the letters
/// can be read on a telephone, which shows it as wide as it is.
///
/// `kind` is a class of the style: grid, diagonal, interval, said, curve, bar, head, small, and c0
/// to c7, the colours of several curves. All text is escaped.
class Svg {
 public:
  static constexpr double kWidth = 400;
  static constexpr int kColours = 8;

  /// `title` is read to those who do not see the drawing.
  Svg(double height, std::string_view title);

  void line(Point from, Point to, std::string_view kind);
  void curve(std::span<const Point> points, std::string_view kind);
  void dot(Point at, std::string_view kind);
  /// A bar that stands on `bottom`.
  void bar(double x, double bottom, double width, double height);
  /// `anchor`: start, middle or end.
  void text(Point at, std::string_view words, std::string_view anchor = "start",
            std::string_view kind = "");
  /// Written from the bottom to the top, `at` in its middle.
  void upwards(Point at, std::string_view words);

  /// The whole of it.
  std::string str() const { return out_ + "</svg>\n"; }

 private:
  std::string out_;
};

/// The colour of the i-th of several curves.
std::string colour_of(std::size_t i);

}  // namespace minillama
