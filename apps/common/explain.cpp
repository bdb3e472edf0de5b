#include "common/explain.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "minillama/core/error.h"

#include "common/output.h"
#include "common/table.h"

namespace minillama::app {
namespace {

constexpr std::size_t kIndent = 2;

std::string word_of(const std::string& text, const WordAttribution& word) {
  return text.substr(word.place.begin, word.place.end - word.place.begin);
}

/// `word` with black letters on a colour of the 256 that terminals have: the stronger, the larger
/// `share`, in [-1, 1], is.
std::string coloured(const std::string& word, double share) {
  constexpr std::array<int, 3> kFor{223, 215, 208}, kAgainst{153, 111, 75};
  constexpr double kLeast = 0.1;  // what moves less is as good as nothing
  const double size = std::abs(share);
  if (size < kLeast) return word;
  const auto strength = std::min<std::size_t>(static_cast<std::size_t>(size * 3), 2);
  return fmt::format("\x1b[30;48;5;{}m{}\x1b[0m", (share > 0 ? kFor : kAgainst)[strength], word);
}

std::string coloured_lines(const std::string& text, const Explanation& explanation,
                           std::size_t columns) {
  double most = 0;
  for (const auto& word : explanation.words) most = std::max(most, std::abs(word.value));
  std::string out(kIndent, ' ');
  std::size_t column = kIndent;
  for (const auto& word : explanation.words) {
    const auto shown = printable(word_of(text, word));
    if (column > kIndent && column + 1 + width(shown) > columns) {
      out += '\n';
      out.append(kIndent, ' ');
      column = kIndent;
    } else if (column > kIndent) {
      out += ' ';
      ++column;
    }
    out += coloured(shown, most > 0 ? word.value / most : 0);
    column += width(shown);
  }
  return out + '\n';
}

}  // namespace

Explainer occlusion(const SentenceClassifier& classifier, const Arguments& arguments) {
  if (arguments.text("explain") != "occlusion") return {};
  if (!classifier.answers_singly()) {
    throw OptionError(
        "--explain has no effect: this classifier's answers depend on what a sentence is "
        "classified with");
  }
  return [&classifier](const std::string& text) { return explain(classifier, text); };
}

void print_explanation(const std::string& text, const Explanation& explanation) {
  if (has_colours(1)) {
    write_coloured(coloured_lines(text, explanation, columns(1, std::string::npos)));
    return;
  }
  std::string line;
  for (const auto& word : explanation.words) {
    line += fmt::format("  {} {:+.2f}", printable(word_of(text, word)), word.value);
  }
  print_wrapped("{}\n", line);
}

Json to_json(const std::string& text, const Explanation& explanation) {
  auto words = Json::array();
  for (const auto& word : explanation.words) {
    words.push_back({{"word", word_of(text, word)}, {"value", word.value}});
  }
  return {{"log_odds", explanation.log_odds}, {"words", std::move(words)}};
}

}  // namespace minillama::app
