#include "minillama/plot/ticks.h"

#include <cmath>

#include <fmt/format.h>

namespace minillama {
namespace {

/// @param share of each mark, of what the axis shows
double step_of(double share) {
  const double power = std::pow(10, std::floor(std::log10(share)));
  for (const double factor : {1., 2., 5., 10.}) {
    if (share / (factor * power) < 1) return factor * power;
  }
  return 20 * power;
}

/// With as many digits as tell marks that are `step` apart.
std::string label_of(double value, double step) {
  if (std::abs(value) < step / 2) return "0";
  const double size = std::abs(value);
  if (size >= 1e5 || step < 1e-3) {
    const auto digits =
        static_cast<int>(std::floor(std::log10(size) + 1e-9) - std::floor(std::log10(step) + 1e-9));
    auto text = fmt::format("{:.{}e}", value, std::max(digits, 0));
    // "2.0e-03" -> "2e-3"
    const auto e = text.find('e');
    auto number = text.substr(0, e);
    if (number.find('.') != std::string::npos) {
      number.erase(number.find_last_not_of('0') + 1);
      if (number.back() == '.') number.pop_back();
    }
    return fmt::format("{}e{}", number, std::stoi(text.substr(e + 1)));
  }
  const auto decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  return fmt::format("{:.{}f}", value, decimals);
}

}  // namespace

std::vector<Tick> ticks(double low, double high, int most) {
  const double step = step_of(high / most - low / most);  // high - low may be too large a number
  constexpr double kSlack = 1e-6;  // of rounding, so that both ends may be marks
  const double first = std::ceil(low / step - kSlack), last = high / step + kSlack;
  std::vector<Tick> marks;
  // Counted, since of numbers that are large beside the step the next one may be the same.
  for (int i = 0; i < most && first + i <= last; ++i) {
    const double value = (first + i) * step;
    const bool is_next = marks.empty() || value > marks.back().value;
    if (is_next && std::isfinite(value)) marks.push_back({value, label_of(value, step)});
  }
  return marks;
}

}  // namespace minillama
