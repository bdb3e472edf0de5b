#include "minillama/plot/svg.h"

#include <utility>

#include <fmt/format.h>

#include "minillama/plot/markup.h"

namespace minillama {
namespace {

// The colours of curves differ for those who see no red or no green, too (Okabe and Ito 2008).
constexpr std::string_view kStyle = R"(<style>
  .plot { font: 13px sans-serif; fill: #333; background: #fff }
  .plot path { fill: none }
  .plot .grid { stroke: #ddd }
  .plot .diagonal { stroke: #777; stroke-dasharray: 4 4 }
  .plot .bar { fill: #7aa6da }
  .plot .interval { stroke: #1d4f8c; stroke-width: 1.5 }
  .plot .said { stroke: #c33; stroke-width: 2.5 }
  .plot .curve { stroke-width: 2; stroke-linejoin: round }
  .plot .dot { stroke: none }
  .plot .head { font-size: 14px }
  .plot .small { font-size: 9px }
  .plot .c0 { --ink: #0072b2 } .plot .c1 { --ink: #d55e00 } .plot .c2 { --ink: #007a5a }
  .plot .c3 { --ink: #b0478c } .plot .c4 { --ink: #9a6a00 } .plot .c5 { --ink: #2f9fd6 }
  .plot .c6 { --ink: #222 } .plot .c7 { --ink: #8a8a8a }
  .plot path.curve, .plot path.key { stroke: var(--ink) }
  .plot path.key { stroke-width: 3 }
  .plot circle.dot { fill: var(--ink) }
  @media screen and (prefers-color-scheme: dark) {
    .plot { fill: #ccc; background: #16181d }
    .plot .grid { stroke: #3a3d45 }
    .plot .diagonal { stroke: #999 }
    .plot .bar { fill: #3f6ea8 }
    .plot .interval { stroke: #b5d2f5 }
    .plot .said { stroke: #f0785a }
    .plot .c0 { --ink: #56b4e9 } .plot .c1 { --ink: #f0883e } .plot .c2 { --ink: #2fc79b }
    .plot .c3 { --ink: #dd8fc0 } .plot .c4 { --ink: #e6b422 } .plot .c5 { --ink: #9ccfee }
    .plot .c6 { --ink: #eee } .plot .c7 { --ink: #8a8a8a }
  }
</style>
)";

}  // namespace

Svg::Svg(double height, std::string_view title)
    : out_(fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" viewBox=\"0 0 {} "
                       "{}\" role=\"img\" aria-label=\"{}\">\n{}",
                       kWidth, height, escape_markup(title), kStyle)) {}

void Svg::line(Point from, Point to, std::string_view kind) {
  out_ += fmt::format("<path d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\" class=\"{}\"/>\n", from.x, from.y,
                      to.x, to.y, kind);
}

void Svg::curve(std::span<const Point> points, std::string_view kind) {
  if (points.empty()) return;
  out_ += "<path d=\"";
  char command = 'M';
  for (const auto& [x, y] : points) {
    out_ += fmt::format("{}{:.1f} {:.1f}", std::exchange(command, 'L'), x, y);
  }
  out_ += fmt::format("\" class=\"curve {}\"/>\n", kind);
}

void Svg::dot(Point at, std::string_view kind) {
  out_ += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" class=\"dot {}\"/>\n", at.x,
                      at.y, kind);
}

void Svg::bar(double x, double bottom, double width, double height) {
  out_ += fmt::format(
      "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" class=\"bar\"/>\n", x,
      bottom - height, width, height);
}

void Svg::text(Point at, std::string_view words, std::string_view anchor, std::string_view kind) {
  out_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" class=\"{}\">{}</text>\n",
                      at.x, at.y, anchor, kind, escape_markup(words));
}

void Svg::upwards(Point at, std::string_view words) {
  out_ += fmt::format(
      "<text transform=\"translate({:.1f} {:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
      at.x, at.y, escape_markup(words));
}

std::string colour_of(std::size_t i) {
  return fmt::format("c{}", i % Svg::kColours);
}

}  // namespace minillama
