#include "common/score.h"

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "minillama/core/error.h"
#include "minillama/eval/text_likelihood.h"

#include "common/output.h"

namespace minillama::app {
namespace {

using Json = nlohmann::ordered_json;

/// Lines that are scored together, before the first of them is printed.
constexpr std::size_t kAtOnce = 64;

/// A line of the file, and what keeps it from having a likelihood; empty if nothing.
struct Line {
  std::string text;
  std::string problem;
};

std::string problem_of(const TextGenerator& model, std::string_view text) {
  auto problem = problem_of_line(text);
  if (!problem.empty()) return problem;
  try {
    const auto& tokenizer = model.tokenizer();
    const auto n = std::ssize(with_bos(tokenizer, tokenizer.encode(text)));
    const auto most = model.config().max_seq_len;
    return n > most ? fmt::format("has {} tokens, the model's context {}", n, most) : "";
  } catch (const OptionError& error) {
    return error.what();
  }
}

/// What all lines together have.
struct Total {
  std::size_t tokens = 0;
  std::size_t bytes = 0;
  double log_probability = 0;
};

/// "  16 tokens    -99.4123 nats   2.241 bits/byte"
std::string figures(const Total& of) {
  const auto bits = -of.log_probability / std::numbers::ln2 / static_cast<double>(of.bytes);
  return fmt::format("{:6} tokens {:>12} nats {:>7} bits/byte", of.tokens,
                     number(of.log_probability, 4), of.bytes == 0 ? "-" : number(bits, 3));
}

void print_line(const Line& line, const TextLikelihood& likelihood, Total& total, bool json) {
  if (json) {
    const auto bits = likelihood.bits_per_byte(line.text);
    const Json object{{"text", line.text},
                      {"tokens", likelihood.tokens},
                      {"logprobs", likelihood.logprobs},
                      {"logprob", likelihood.log_probability},
                      {"bits_per_byte", std::isnan(bits) ? Json() : Json(bits)}};
    return print("{}\n", object.dump());
  }
  constexpr std::size_t kShown = 60;
  const Total of{likelihood.tokens.size(), line.text.size(), likelihood.log_probability};
  print("{}  {}\n", figures(of), quote(line.text, kShown));
  total.tokens += of.tokens;
  total.bytes += of.bytes;
  total.log_probability += of.log_probability;
}

void print_problem(const Line& line, bool json) {
  if (!json) return print("\n");
  const Json object{{"text", line.text}, {"error", line.problem}};
  print("{}\n", object.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void score(const TextGenerator& model, const std::vector<Line>& lines, Total& total, bool json) {
  std::vector<std::string> texts;
  for (const auto& line : lines) {
    if (line.problem.empty()) texts.push_back(line.text);
  }
  const auto likelihoods = text_likelihoods(model, texts);
  auto likelihood = likelihoods.begin();
  for (const auto& line : lines) {
    if (line.problem.empty()) {
      print_line(line, *likelihood++, total, json);
    } else {
      print_problem(line, json);
    }
  }
}

}  // namespace

void score_lines(const TextGenerator& model, const TextFile& file, bool json) {
  std::vector<Line> lines;
  Total total;
  std::size_t n_lines = 0, n_bad = 0;
  for (auto rest = file.text(); !rest.empty();) {
    const auto text = take_line(rest);
    ++n_lines;
    lines.push_back({std::string(text), problem_of(model, text)});
    if (!lines.back().problem.empty()) {
      ++n_bad;
      note("{}\n", FileError(file.path(), n_lines, lines.back().problem).what());
    }
    if (lines.size() < kAtOnce && !rest.empty()) continue;
    score(model, lines, total, json);
    lines.clear();
  }
  if (!json) print("{}  all {} lines\n", figures(total), n_lines - n_bad);
  if (n_bad > 0) {
    throw FileError(file.path(), fmt::format("{} of {} lines have no likelihood", n_bad, n_lines));
  }
}

}  // namespace minillama::app
