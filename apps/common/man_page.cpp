#include "common/man_page.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace minillama::app {
namespace {

/// Text that roff prints as it is: no escape, no macro at the start of a line, and hyphens that can
/// be copied into a shell.
std::string literal(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool starts_line = out.empty() || out.back() == '\n';
    if (starts_line && (c == '.' || c == '\'')) out += "\\&";
    out += c == '\\' ? "\\e" : c == '-' ? "\\-" : std::string(1, c);
  }
  return out;
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string paragraph(const Option& option) {
  std::vector<std::string> names;
  for (const auto& name : option.names) {
    names.push_back(fmt::format("\\fB{}\\fR", literal(with_dashes_before(name))));
  }
  auto text = fmt::format(".TP\n{}", fmt::join(names, ", "));
  if (!option.value.empty()) text += fmt::format(" \\fI{}\\fR", literal(option.value));
  text += '\n' + literal(option.help);
  if (option.default_value) text += fmt::format(" (default: {})", literal(*option.default_value));
  return text + '\n';
}

}  // namespace

std::string man_page(const OptionList& list, const std::string& version) {
  auto page = fmt::format(
      ".TH {} 1 \"\" \"minillama {}\" \"minillama\"\n"
      ".SH NAME\n{} \\- {}\n"
      ".SH SYNOPSIS\n.B {}\n{}\n"
      ".SH OPTIONS\n",
      upper(literal(list.program)), literal(version), literal(list.program), literal(list.summary),
      literal(list.program), literal(list.usage));
  std::string group;
  for (const auto& option : list.options) {
    if (option.group != group) page += fmt::format(".SS {}\n", literal(option.group));
    group = option.group;
    page += paragraph(option);
  }
  page += ".SH EXAMPLES\n";
  for (const auto& example : list.examples)
    page += fmt::format(".PP\n.nf\n{}\n.fi\n", literal(example));
  return page;
}

}  // namespace minillama::app
