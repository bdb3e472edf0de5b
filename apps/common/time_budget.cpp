#include "common/time_budget.h"

#include <charconv>
#include <limits>
#include <string_view>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama::app {

double read_time_budget(const Arguments& arguments) {
  if (!arguments.given("time-budget")) return std::numeric_limits<double>::infinity();
  const auto text = arguments.text("time-budget");
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const double factor = unit == "h" ? 3600 : unit == "m" ? 60 : unit.empty() || unit == "s" ? 1 : 0;
  if (error != std::errc() || factor == 0 || !(value > 0)) {
    throw OptionError(fmt::format("--time-budget is {}, must be as in 90, 15m or 3h", quote(text)));
  }
  return value * factor;
}

}  // namespace minillama::app
