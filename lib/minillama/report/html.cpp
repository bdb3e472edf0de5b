#include "minillama/report/html.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "minillama/plot/line_chart.h"
#include "minillama/plot/markup.h"

namespace minillama {
namespace {

constexpr std::string_view kStyle = R"(<style>
:root { color-scheme: light dark; --ink: #222; --paper: #fff; --faint: #666; --rule: #ddd;
  --for: 230, 120, 20; --against: 50, 110, 210; --shade: 66, 133, 214 }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #ddd; --paper: #16181d; --faint: #999; --rule: #3a3d45;
    --for: 240, 136, 62; --against: 80, 150, 250; --shade: 86, 150, 230 }
}
* { box-sizing: border-box; print-color-adjust: exact; -webkit-print-color-adjust: exact }
body { font: 16px/1.5 sans-serif; color: var(--ink); background: var(--paper);
  max-width: 1100px; margin: 0 auto; padding: 16px }
h1 { font-size: 1.4em; overflow-wrap: anywhere }
h2 { font-size: 1.15em; border-bottom: 1px solid var(--rule); margin: 1.8em 0 .6em }
h3 { font-size: 1em; margin: 1.2em 0 .4em }
p { overflow-wrap: anywhere }
.faint { color: var(--faint) }
.charts { display: grid; gap: 12px;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)) }
.charts svg { width: 100%; max-width: 540px; height: auto }
.scroll { overflow-x: auto; max-width: 100% }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: 3px 10px 3px 0; text-align: right; vertical-align: top }
.scroll th, .scroll td { padding-left: 6px; padding-right: 6px }
th { font-weight: 600 }
th:first-child { text-align: left; padding-left: 0 }
tr + tr > * { border-top: 1px solid var(--rule) }
.facts { width: 100%; table-layout: fixed }
.facts th { width: 38%; font-weight: normal; color: var(--faint); text-align: left }
.facts td { text-align: left; overflow-wrap: anywhere }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--rule);
  border-radius: 4px; padding: 8px; margin: .3em 0 1em; font-size: .88em }
.words { overflow-wrap: anywhere; margin-top: .1em }
.words span { border-radius: 3px; padding: 1px 1px }
.shade { background: rgba(var(--shade), var(--share)) }
.for, .against { color: var(--ink) }
.for { background: rgba(var(--for), var(--share)) }
.against { background: rgba(var(--against), var(--share)) }
@media (max-width: 480px) {
  .scroll { font-size: .85em }
  .scroll th, .scroll td { padding-left: 4px; padding-right: 4px }
}
@media print {
  body { max-width: none; padding: 0; font-size: 11pt }
  figure, svg, tr, pre, .mistake { break-inside: avoid }
  h2, h3 { break-after: avoid }
  .scroll { overflow: visible }
}
</style>
)";

}  // namespace

std::string html_page(std::string_view title, std::string_view body) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\">\n"
      "<title>{0}</title>\n{1}</head>\n<body>\n<h1>{0}</h1>\n{2}</body>\n</html>\n",
      escape_markup(title), kStyle, body);
}

std::string html_section(std::string_view heading, std::string_view content) {
  return fmt::format("<section>\n<h2>{}</h2>\n{}</section>\n", escape_markup(heading), content);
}

std::string html_table(std::span<const std::string> head,
                       std::span<const std::vector<HtmlCell>> rows) {
  std::string html = "<div class=\"scroll\"><table>\n<tr>";
  for (const auto& name : head) html += fmt::format("<th>{}</th>", escape_markup(name));
  html += "</tr>\n";
  for (const auto& row : rows) {
    html += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const auto text = escape_markup(row[i].text);
      if (i == 0) {
        html += fmt::format("<th>{}</th>", text);
      } else if (row[i].shade > 0) {
        html += fmt::format("<td class=\"shade\" style=\"--share: {:.2f}\">{}</td>", row[i].shade,
                            text);
      } else {
        html += fmt::format("<td>{}</td>", text);
      }
    }
    html += "</tr>\n";
  }
  return html + "</table></div>\n";
}

std::string html_facts(std::span<const RunFact> facts) {
  std::string html = "<table class=\"facts\">\n";
  for (const auto& [name, value] : facts) {
    html +=
        fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", escape_markup(name), escape_markup(value));
  }
  return html + "</table>\n";
}

std::string html_charts(std::span<const RunCurve> curves) {
  std::vector<LineChart> charts;
  for (const auto& curve : curves) {
    auto chart = std::ranges::find(charts, curve.figure, &LineChart::title);
    if (chart == charts.end()) {
      chart = charts.insert(charts.end(), {.title = curve.figure, .x_name = curve.x_name});
    }
    chart->series.push_back({curve.name, curve.points});
  }
  std::string html = "<div class=\"charts\">\n";
  for (const auto& chart : charts) html += line_chart(chart);
  return html + "</div>\n";
}

std::string figure_text(double value) {
  if (!std::isfinite(value)) return fmt::format("{}", value);
  if (value == std::floor(value) && std::abs(value) < 1e15) return fmt::format("{:.0f}", value);
  const double size = std::abs(value);
  if (size < 0.01 || size >= 1e6) return fmt::format("{:.3e}", value);
  return fmt::format("{:.{}f}", value, size < 10 ? 4 : size < 1000 ? 1 : 0);
}

}  // namespace minillama
