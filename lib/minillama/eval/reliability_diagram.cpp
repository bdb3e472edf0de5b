#include "minillama/eval/reliability_diagram.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

#include "minillama/core/require.h"
#include "minillama/eval/interval.h"
#include "minillama/plot/svg.h"
#include "minillama/plot/ticks.h"

namespace minillama {
namespace {

// In pixels: a square in which 0 to 1 goes to the right and up, and the counts under it.
constexpr double kLeft = 48, kTop = 88, kSide = 340;
constexpr double kCounts = 64, kCountsBottom = kTop + kSide + 28 + kCounts;
constexpr double kHeight = kCountsBottom + 32;

double x_of(double value) {
  return kLeft + kSide * value;
}

double y_of(double value) {
  return kTop + kSide * (1 - value);
}

std::string head_of(std::span<const ReliabilityBin> bins) {
  std::int64_t n = 0;
  for (const auto& bin : bins) n += bin.count;
  return fmt::format("expected calibration error {:.4f}, {} answers",
                     expected_calibration_error(bins), n);
}

void draw_legend(Svg& svg) {
  constexpr double kRow = 46, kNextRow = kRow + 20, kColumn = kLeft + 170;
  svg.bar(kLeft, kRow + 2, 14, 12);
  svg.line({kLeft + 7, kRow - 12}, {kLeft + 7, kRow - 1}, "interval");
  svg.text({kLeft + 20, kRow}, "right, 95 % interval");
  svg.line({kColumn, kRow - 4}, {kColumn + 20, kRow - 4}, "said");
  svg.text({kColumn + 26, kRow}, "mean probability");
  svg.line({kColumn, kNextRow - 4}, {kColumn + 20, kNextRow - 4}, "diagonal");
  svg.text({kColumn + 26, kNextRow}, "both equal");
}

void draw_axes(Svg& svg) {
  for (const auto& [value, label] : ticks(0, 1, 6)) {
    svg.line({x_of(0), y_of(value)}, {x_of(1), y_of(value)}, "grid");
    svg.text({x_of(0) - 8, y_of(value) + 4}, label, "end");
    svg.text({x_of(value), y_of(0) + 16}, label, "middle");
  }
  svg.upwards({14, y_of(0.5)}, "share that is right");
  svg.upwards({14, kCountsBottom - kCounts / 2}, "answers");
  svg.text({x_of(0.5), kCountsBottom + 20}, "probability of the answer", "middle");
}

void draw_bin(const ReliabilityBin& bin, std::int64_t most, Svg& svg) {
  const auto right = std::llround(bin.accuracy * static_cast<double>(bin.count));
  const auto [low, high] = wilson_interval(right, bin.count);
  const double left = x_of(bin.low) + 1, end = x_of(bin.high) - 1;
  const double middle = (left + end) / 2;
  svg.bar(left, y_of(0), end - left, kSide * bin.accuracy);
  svg.line({middle, y_of(low)}, {middle, y_of(high)}, "interval");
  svg.line({left, y_of(bin.probability)}, {end, y_of(bin.probability)}, "said");
  const double height = (kCounts - 12) * static_cast<double>(bin.count) / static_cast<double>(most);
  svg.bar(left, kCountsBottom, end - left, height);
  svg.text({middle, kCountsBottom - height - 3}, std::to_string(bin.count), "middle", "small");
}

}  // namespace

std::string reliability_diagram(std::span<const ReliabilityBin> bins) {
  require(!bins.empty(), "the number of bins", bins.size(), "be at least 1");
  const auto most = std::ranges::max(bins, {}, &ReliabilityBin::count).count;
  const auto head = head_of(bins);
  Svg svg(kHeight, "reliability diagram: " + head);
  svg.text({kLeft, 20}, head, "start", "head");
  draw_legend(svg);
  draw_axes(svg);
  for (const auto& bin : bins) {
    if (bin.count > 0) draw_bin(bin, most, svg);
  }
  svg.line({x_of(0), y_of(0)}, {x_of(1), y_of(1)}, "diagonal");
  svg.line({x_of(0), kCountsBottom}, {x_of(1), kCountsBottom}, "grid");
  return svg.str();
}

}  // namespace minillama
