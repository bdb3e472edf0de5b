#include "minillama/report/run_report.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "minillama/data/data_troubles.h"
#include "minillama/eval/interval.h"
#include "minillama/eval/reliability_diagram.h"
#include "minillama/plot/markup.h"
#include "minillama/report/html.h"

namespace minillama {
namespace {

std::string paragraph(std::string_view text) {
  return fmt::format("<p>{}</p>\n", escape_markup(text));
}

std::string heading(std::string_view text) {
  return fmt::format("<h3>{}</h3>\n", escape_markup(text));
}

std::string figures_of(const ReportEvaluation& evaluation) {
  const auto& matrix = evaluation.matrix;
  if (!evaluation.labelled) {
    return paragraph(
        fmt::format("{} sentences, whose labels are placeholders: no figure would mean anything.",
                    matrix.total()));
  }
  const auto [low, high] = wilson_interval(matrix.n_right(), matrix.total());
  return paragraph(
      fmt::format("{} sentences, accuracy {:.4f} (95 % interval {:.4f} to {:.4f}), macro-F1 "
                  "{:.4f}, expected calibration error {:.4f}",
                  matrix.total(), matrix.accuracy(), low, high, matrix.macro_f1(),
                  expected_calibration_error(evaluation.reliability)));
}

std::string confusion_table(const ConfusionMatrix& matrix, const std::vector<std::string>& names) {
  std::vector<std::string> head{"true \\ predicted"};
  head.insert(head.end(), names.begin(), names.end());
  std::vector<std::vector<HtmlCell>> rows;
  for (std::int64_t truth = 0; truth < matrix.n_labels(); ++truth) {
    auto& row = rows.emplace_back();
    row.push_back({names[static_cast<std::size_t>(truth)]});
    const auto support = static_cast<double>(std::max<std::int64_t>(matrix.support(truth), 1));
    for (std::int64_t predicted = 0; predicted < matrix.n_labels(); ++predicted) {
      const auto n = matrix.count(truth, predicted);
      row.push_back({std::to_string(n), 0.8 * static_cast<double>(n) / support});
    }
  }
  return heading("Confusion matrix") + html_table(head, rows);
}

std::string labels_table(const ConfusionMatrix& matrix, const std::vector<std::string>& names) {
  const std::vector<std::string> head{"label", "precision", "recall", "F1", "support"};
  std::vector<std::vector<HtmlCell>> rows;
  for (std::int64_t label = 0; label < matrix.n_labels(); ++label) {
    rows.push_back({{names[static_cast<std::size_t>(label)]},
                    {fmt::format("{:.3f}", matrix.precision(label))},
                    {fmt::format("{:.3f}", matrix.recall(label))},
                    {fmt::format("{:.3f}", matrix.f1(label))},
                    {std::to_string(matrix.support(label))}});
  }
  return heading("Each label") + html_table(head, rows);
}

/// The text with a colour behind each word, the stronger the more it mattered.
std::string coloured(const std::string& text, const std::vector<WordAttribution>& words) {
  double most = 0;
  for (const auto& word : words) most = std::max(most, std::abs(word.value));
  std::string html;
  std::size_t at = 0;
  for (const auto& [place, value] : words) {
    html += escape_markup(std::string_view(text).substr(at, place.begin - at));
    const double share = most > 0 ? 0.75 * std::abs(value) / most : 0;
    html += fmt::format(
        "<span class=\"{}\" style=\"--share: {:.2f}\" title=\"{:+.3f}\">{}</span>",
        value < 0 ? "against" : "for", share, value,
        escape_markup(std::string_view(text).substr(place.begin, place.end - place.begin)));
    at = place.end;
  }
  return html + escape_markup(std::string_view(text).substr(at));
}

std::string mistakes_of(const ReportEvaluation& evaluation) {
  if (evaluation.mistakes.empty()) return "";
  auto html = heading("The surest mistakes");
  const bool explained = std::ranges::any_of(
      evaluation.mistakes, [](const ReportMistake& mistake) { return !mistake.why.empty(); });
  if (explained) {
    html +=
        "<p class=\"faint\">Words that speak <span class=\"for\" style=\"--share: "
        "0.6\">for</span> or <span class=\"against\" style=\"--share: 0.6\">against</span> the "
        "answer that was given.</p>\n";
  }
  for (const auto& mistake : evaluation.mistakes) {
    html += fmt::format(
        "<div class=\"mistake\"><b>{:.2f} {}</b> <span class=\"faint\">(true: {})</span>\n"
        "<p class=\"words\">{}</p></div>\n",
        mistake.probability, escape_markup(mistake.predicted), escape_markup(mistake.label),
        coloured(mistake.text, mistake.why));
  }
  return html;
}

std::string evaluation_section(const ReportEvaluation& evaluation,
                               const std::vector<std::string>& names) {
  auto html = figures_of(evaluation);
  if (evaluation.labelled) {
    html += fmt::format("<div class=\"charts\">\n<div>\n{}{}</div>\n<div>\n{}{}</div>\n</div>\n",
                        confusion_table(evaluation.matrix, names),
                        labels_table(evaluation.matrix, names), heading("Reliability"),
                        reliability_diagram(evaluation.reliability));
    html += mistakes_of(evaluation);
  }
  return html_section("On " + evaluation.split, html);
}

std::string data_section(const DataReport& data) {
  std::vector<std::string> head{"label"};
  for (const auto& part : data.parts) head.push_back(part.name);
  std::vector<std::vector<HtmlCell>> rows;
  for (std::size_t label = 0; label < data.label_names.size(); ++label) {
    auto& row = rows.emplace_back();
    row.push_back({data.label_names[label]});
    for (const auto& part : data.parts) {
      row.push_back(
          {fmt::format("{} ({:.1f} %)", part.n_of_label[label], 100 * part.share_of_label(label))});
    }
  }
  rows.push_back({{"all"}});
  for (const auto& part : data.parts) rows.back().push_back({std::to_string(part.n_examples)});
  auto html = html_table(head, rows);
  std::string troubles;
  for (const auto& line : data_troubles(data)) {
    troubles += fmt::format("<li>{}</li>\n", escape_markup(line));
  }
  if (!troubles.empty()) html += "<ul>\n" + troubles + "</ul>\n";
  return html_section("Data", html);
}

std::string commands_section(const std::vector<ReportCommand>& commands) {
  std::string html;
  for (const auto& [what, command] : commands) {
    html +=
        fmt::format("<div>{}</div>\n<pre>{}</pre>\n", escape_markup(what), escape_markup(command));
  }
  return html_section("Commands", html);
}

}  // namespace

std::string run_report_html(const RunReport& report) {
  const auto& summary = report.summary;
  std::string body = paragraph(summary.title);
  std::vector<RunFact> figures;
  for (const auto& [name, value] : summary.figures) figures.push_back({name, figure_text(value)});
  if (!figures.empty()) body += html_section("Figures", html_facts(figures));
  if (!summary.curves.empty()) body += html_section("Curves", html_charts(summary.curves));
  for (const auto& evaluation : report.evaluations) {
    body += evaluation_section(evaluation, report.label_names);
  }
  if (report.data) body += data_section(*report.data);
  if (!report.commands.empty()) body += commands_section(report.commands);
  if (!summary.settings.empty()) body += html_section("Settings", html_facts(summary.settings));
  if (!summary.machine.empty()) body += html_section("Machine", html_facts(summary.machine));
  return html_page(summary.name, body);
}

}  // namespace minillama
