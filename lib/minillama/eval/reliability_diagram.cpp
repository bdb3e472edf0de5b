#include "minillama/eval/reliability_diagram.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "minillama/core/require.h"
#include "minillama/eval/interval.h"

namespace minillama {
namespace {

// In pixels: a square in which 0 to 1 goes to the right and up, and the counts under it.
constexpr double kWidth = 480, kHeight = 592;
constexpr double kLeft = 60, kTop = 68, kSide = 400;
constexpr double kCounts = 64, kCountsBottom = kTop + kSide + 28 + kCounts;

constexpr std::string_view kStyle = R"(<style>
  svg { font: 12px sans-serif; fill: #333 }
  .ground { fill: #fff }
  .grid { stroke: #ddd }
  .diagonal { stroke: #777; stroke-dasharray: 4 4 }
  .right { fill: #7aa6da }
  .interval { stroke: #1d4f8c; stroke-width: 1.5 }
  .said { stroke: #c33; stroke-width: 2.5 }
  .head { font-size: 14px }
  .count { font-size: 9px }
  @media (prefers-color-scheme: dark) {
    svg { fill: #ccc }
    .ground { fill: #16181d }
    .grid { stroke: #3a3d45 }
    .diagonal { stroke: #999 }
    .right { fill: #3f6ea8 }
    .interval { stroke: #b5d2f5 }
    .said { stroke: #f0785a }
  }
</style>
)";

double x_of(double value) {
  return kLeft + kSide * value;
}

double y_of(double value) {
  return kTop + kSide * (1 - value);
}

std::string line(double x1, double y1, double x2, double y2, std::string_view kind) {
  return fmt::format("<path d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\" class=\"{}\"/>\n", x1, y1, x2, y2,
                     kind);
}

/// A bar that stands on `bottom`.
std::string bar(double x, double bottom, double width, double height) {
  return fmt::format(
      "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" class=\"right\"/>\n", x,
      bottom - height, width, height);
}

std::string text(double x, double y, std::string_view words, std::string_view anchor = "start",
                 std::string_view kind = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" class=\"{}\">{}</text>\n",
                     x, y, anchor, kind, words);
}

std::string upwards(double x, double y, std::string_view words) {
  return fmt::format(
      "<text transform=\"translate({:.1f} {:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
      x, y, words);
}

std::string heading(std::span<const ReliabilityBin> bins) {
  std::int64_t n = 0;
  for (const auto& bin : bins) n += bin.count;
  const auto head = fmt::format("expected calibration error {:.4f}, {} answers",
                                expected_calibration_error(bins), n);
  constexpr double kRow = 44;
  return text(kLeft, 22, head, "start", "head") + bar(kLeft, kRow + 4, 14, 12) +
         line(kLeft + 7, kRow - 10, kLeft + 7, kRow + 1, "interval") +
         text(kLeft + 20, kRow + 2, "right, 95 % interval") +
         line(kLeft + 160, kRow - 2, kLeft + 180, kRow - 2, "said") +
         text(kLeft + 186, kRow + 2, "mean probability") +
         line(kLeft + 300, kRow - 2, kLeft + 324, kRow - 2, "diagonal") +
         text(kLeft + 330, kRow + 2, "both equal");
}

std::string axes() {
  std::string svg;
  for (int tenth = 0; tenth <= 10; tenth += 2) {
    const double value = tenth / 10.;
    const auto label = fmt::format("{:g}", value);
    svg += line(x_of(0), y_of(value), x_of(1), y_of(value), "grid") +
           text(x_of(0) - 8, y_of(value) + 4, label, "end") +
           text(x_of(value), y_of(0) + 16, label, "middle");
  }
  return svg + upwards(18, y_of(0.5), "share that is right") +
         upwards(18, kCountsBottom - kCounts / 2, "answers") +
         text(x_of(0.5), kCountsBottom + 20, "probability of the answer", "middle");
}

std::string accuracy_of(const ReliabilityBin& bin) {
  const auto right = std::llround(bin.accuracy * static_cast<double>(bin.count));
  const auto [low, high] = wilson_interval(right, bin.count);
  const double middle = x_of((bin.low + bin.high) / 2);
  const double left = x_of(bin.low) + 1, end = x_of(bin.high) - 1;
  return bar(left, y_of(0), end - left, kSide * bin.accuracy) +
         line(middle, y_of(low), middle, y_of(high), "interval") +
         line(left, y_of(bin.probability), end, y_of(bin.probability), "said");
}

std::string count_of(const ReliabilityBin& bin, std::int64_t most) {
  const double left = x_of(bin.low) + 1, end = x_of(bin.high) - 1;
  const double height = (kCounts - 12) * static_cast<double>(bin.count) / static_cast<double>(most);
  return bar(left, kCountsBottom, end - left, height) +
         text((left + end) / 2, kCountsBottom - height - 3, std::to_string(bin.count), "middle",
              "count");
}

}  // namespace

std::string reliability_diagram(std::span<const ReliabilityBin> bins) {
  require(!bins.empty(), "the number of bins", bins.size(), "be at least 1");
  const auto most = std::ranges::max(bins, {}, &ReliabilityBin::count).count;
  auto svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\">\n{2}"
      "<rect width=\"{0}\" height=\"{1}\" class=\"ground\"/>\n",
      kWidth, kHeight, kStyle);
  svg += heading(bins) + axes();
  for (const auto& bin : bins) {
    if (bin.count > 0) svg += accuracy_of(bin) + count_of(bin, most);
  }
  svg += line(x_of(0), y_of(0), x_of(1), y_of(1), "diagonal");
  svg += line(x_of(0), kCountsBottom, x_of(1), kCountsBottom, "grid");
  return svg + "</svg>\n";
}

}  // namespace minillama
