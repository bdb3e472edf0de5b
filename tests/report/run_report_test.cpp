#include "minillama/report/run_report.h"

#include <cmath>
#include <regex>

#include "support/catch.h"
#include "support/matches.h"

using namespace minillama;
using minillama::test::n_matches;

namespace {

const std::string kHostile = "</title></style><script>alert(1)</script><img src=x onerror='a'>\"&";

ConfusionMatrix matrix() {
  ConfusionMatrix matrix(2);
  for (int i = 0; i < 3; ++i) matrix.add(0, 0);
  matrix.add(0, 1);
  matrix.add(1, 1);
  matrix.add(1, 0);
  return matrix;
}

/// A report with everything in it; every text is `text`.
RunReport full(const std::string& text) {
  const std::vector<LabelledSentence> train{{text, 0}, {text, 1}, {"", 0}};
  const std::vector<std::string> names{text + " 0", text + " 1"};
  const std::vector<DataPart> parts{{text, train}};
  RunReport report;
  report.summary = {.name = text,
                    .title = text,
                    .figures = {{text, 0.5}, {"n", 12}},
                    .curves = {{text, text, text, {{0, 1}, {1, 0.5}}}},
                    .settings = {{text, text}},
                    .machine = {{text, text}}};
  report.label_names = names;
  report.evaluations.push_back({.split = text,
                                .labelled = true,
                                .matrix = matrix(),
                                .reliability = {{0, 0.5, 2, 0.4, 0.5}, {0.5, 1, 4, 0.9, 0.75}},
                                .mistakes = {{text, text, text, 0.9, {}}}});
  report.data = check_data(parts, names);
  report.commands = {{text, text}};
  return report;
}

/// What HTML opens and does not close again, or closes without having opened it.
std::string unbalanced(const std::string& html) {
  std::vector<std::string> open;
  const std::regex tag("<(/?)([a-z0-9]+)[^>]*?(/?)>");
  for (std::sregex_iterator it(html.begin(), html.end(), tag), end; it != end; ++it) {
    const std::string name = (*it)[2];
    const bool is_void = name == "meta" || (*it)[3].length() > 0;
    if (is_void) continue;
    if ((*it)[1].length() == 0) {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      return "closes " + name;
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : "opens " + open.back();
}

}  // namespace

TEST_CASE("report: hostile text is shown and does nothing") {
  const auto html = run_report_html(full(kHostile));
  CHECK_THAT(html, !contains("<script") && !contains("<img"));
  CHECK_THAT(html, contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
  CHECK(n_matches(html, "</title>") == 1);
  CHECK(n_matches(html, "<h1>") == 1);
  CHECK(unbalanced(html).empty());
}

TEST_CASE("report: one file that asks nothing of anybody") {
  const auto html = run_report_html(full("text"));
  CHECK_THAT(html, contains("default-src 'none'"));
  // The one address is the name of SVG's elements.
  CHECK(n_matches(html, "https?:") == n_matches(html, "xmlns=\"http://www.w3.org/2000/svg\""));
  CHECK(n_matches(html, "(src=|href=|url\\(|@import)") == 0);
  CHECK_THAT(html, contains("width=device-width") && contains("prefers-color-scheme: dark") &&
                       contains("@media print"));
}

TEST_CASE("report: the figures of an evaluation") {
  const auto html = run_report_html(full("text"));
  CHECK_THAT(html, contains("6 sentences, accuracy 0.6667 (95 % interval 0.3000 to 0.9032), "
                            "macro-F1 0.6250"));
  CHECK_THAT(html, contains("<tr><th>text 0</th><td class=\"shade\" style=\"--share: "
                            "0.60\">3</td><td class=\"shade\" style=\"--share: 0.20\">1</td>"));
  CHECK_THAT(html, contains("<tr><th>text 1</th><td>0.500</td><td>0.500</td><td>0.500</td>"
                            "<td>2</td>"));
  CHECK(n_matches(html, "<svg") == 2);
  CHECK_THAT(html, contains("1 text texts are empty"));
}

TEST_CASE("report: words that mattered, and the text around them as it stands") {
  auto report = full("text");
  report.evaluations[0].mistakes = {
      {"  no <b>fun ", "bad", "good", 0.875, {{{2, 4}, -0.5}, {{5, 11}, 2}}}};
  const auto html = run_report_html(report);
  CHECK_THAT(html, contains("<b>0.88 good</b> <span class=\"faint\">(true: bad)</span>"));
  CHECK_THAT(html,
             contains("<p class=\"words\">  <span class=\"against\" style=\"--share: 0.19\" "
                      "title=\"-0.500\">no</span> <span class=\"for\" style=\"--share: 0.75\" "
                      "title=\"+2.000\">&lt;b&gt;fun</span> </p>"));
}

TEST_CASE("report: placeholders have no figures, and what is empty is left out") {
  auto report = full("text");
  report.evaluations[0].labelled = false;
  const auto placeholders = run_report_html(report);
  CHECK_THAT(placeholders, contains("6 sentences, whose labels are placeholders"));
  CHECK_THAT(placeholders, !contains("accuracy"));
  const auto nothing = run_report_html({});
  CHECK(n_matches(nothing, "<section>") == 0);
  CHECK(unbalanced(nothing).empty());
}
