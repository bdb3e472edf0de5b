#pragma once

namespace minillama {

/// A place in a drawing, or a value of a curve.
struct Point {
  double x = 0;
  double y = 0;

  bool operator==(const Point&) const = default;
};

}  // namespace minillama
