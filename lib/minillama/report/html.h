#pragma once

// Not part of the public interface: the parts of a report's page.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "minillama/report/run_summary.h"

namespace minillama {

// All functions take plain text, which they escape, unless they say that it is HTML.

/// A whole page, which needs nothing else: no network, no file, no script. Light or dark, as the
/// reader's screen is, and light on paper. `body` is HTML.
std::string html_page(std::string_view title, std::string_view body);

/// A part of a page with a heading. `content` is HTML.
std::string html_section(std::string_view heading, std::string_view content);

/// A cell of a table.
struct HtmlCell {
  std::string text;
  double shade = 0;  ///< how much of the shade behind it is seen, in [0, 1]
};

/// A table, whose columns but the first are numbers or the like. It is moved sideways where it is
/// wider than the page.
std::string html_table(std::span<const std::string> head,
                       std::span<const std::vector<HtmlCell>> rows);

/// A table of names and values.
std::string html_facts(std::span<const RunFact> facts);

/// Charts of the curves, a chart for each figure, side by side where there is room.
std::string html_charts(std::span<const RunCurve> curves);

/// A number with as many digits as tell something: four behind the point where it is below ten.
std::string figure_text(double value);

}  // namespace minillama
