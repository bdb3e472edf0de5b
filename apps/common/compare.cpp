#include "common/compare.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/core/require.h"
#include "minillama/eval/text_measures.h"

#include "common/decoding_methods.h"
#include "common/generate_arguments.h"
#include "common/output.h"

namespace minillama::app {
namespace {

/// The name of the texts as people wrote them.
constexpr const char* kHeldOut = "held-out";

/// What has an interval, in the order of Row::estimates.
struct Measure {
  const char* key;    ///< in JSON
  const char* title;  ///< in the table
};
constexpr std::array kMeasures{Measure{"log_likelihood", "log-likelihood"},
                               Measure{"repetition", "seq-rep-4"},
                               Measure{"self_bleu", "self-BLEU"}, Measure{"area", "area"}};

/// What is known of a method's texts, or of the held-out ones.
struct Row {
  std::string name;
  std::string words;  ///< the method's options
  double seconds = 0;
  TextMeasures measures;
  std::array<Estimate, kMeasures.size()> estimates = {};

  double tokens_per_second() const { return static_cast<double>(measures.tokens) / seconds; }
};

/// The lines of the file, each divided into a prompt and what follows of it.
std::vector<ContinuedIds> read_texts(const TextFile& file, const TextGenerator& generator,
                                     std::int64_t prompt_tokens, std::int64_t new_tokens) {
  require(prompt_tokens >= 1, "--prompt-tokens", prompt_tokens, "be at least 1");
  require(new_tokens >= 1, "--max-new-tokens", new_tokens, "be at least 1");
  const auto& tokenizer = generator.tokenizer();
  const auto n_bos = std::ssize(with_bos(tokenizer, {}));
  const auto context = generator.config().max_seq_len;
  if (prompt_tokens > context - n_bos - new_tokens) {
    throw OptionError(
        fmt::format("--prompt-tokens {} and --max-new-tokens {} are more than the model's context, "
                    "{}, has room for",
                    prompt_tokens, new_tokens, context));
  }
  file.check();
  const auto length = n_bos + prompt_tokens;
  std::vector<ContinuedIds> texts;
  std::size_t n_lines = 0;
  for (auto rest = file.text(); !rest.empty();) {
    const auto line = take_line(rest);
    ++n_lines;
    if (is_blank(line)) continue;
    const auto ids = with_bos(tokenizer, tokenizer.encode(line));
    if (std::ssize(ids) <= length) {
      throw FileError(file.path(), n_lines,
                      fmt::format("the text is over with its prompt of {} tokens: there is nothing "
                                  "to compare with",
                                  prompt_tokens));
    }
    const auto begin = ids.begin() + length;
    texts.push_back({TokenIds(ids.begin(), begin),
                     TokenIds(begin, begin + std::min(new_tokens, ids.end() - begin))});
  }
  if (texts.size() < 2) {
    throw FileError(file.path(), fmt::format("has {} texts, at least 2 are needed", texts.size()));
  }
  return texts;
}

/// What a method writes behind the prompts of `held_out`.
std::vector<ContinuedIds> continued(const TextGenerator& generator, const DecodingMethod& method,
                                    std::span<const ContinuedIds> held_out) {
  Prompts prompts;
  for (const auto& text : held_out) prompts.push_back(text.prompt);
  auto generations = decode(generator.source(), prompts, method.options, method.decoding,
                            generator.tokenizer().stop_ids());
  std::vector<ContinuedIds> texts;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    texts.push_back({std::move(prompts[i]), std::move(generations[i].front().ids)});
  }
  return texts;
}

/// How far a figure is from the held-out texts'.
Estimate distance(const Estimate& figure, const Estimate& held_out) {
  return combined(figure, held_out, [](double a, double b) { return std::abs(a - b); });
}

/// By how much a method is farther from the held-out texts than another one; below 0: nearer.
Estimate farther(const Row& row, const Row& other, const Row& held_out, std::size_t measure) {
  return combined(distance(row.estimates[measure], held_out.estimates[measure]),
                  distance(other.estimates[measure], held_out.estimates[measure]), std::minus<>());
}

Json json_of(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

Json json_of(const Estimate& estimate) {
  const auto [low, high] = interval(estimate);
  return {{"value", json_of(estimate.value)}, {"low", json_of(low)}, {"high", json_of(high)}};
}

/// @param before the rows of the methods before it
void print_json(const Row& row, std::span<const Row> before, const Row& held_out) {
  Json object{{"method", row.name}};
  const bool is_method = &row != &held_out;
  if (is_method) object["options"] = row.words;
  object["texts"] = row.measures.texts;
  object["tokens"] = row.measures.tokens;
  if (is_method) object["tokens_per_second"] = json_of(row.tokens_per_second());
  for (const auto share : row.measures.distinct) object["distinct"].push_back(json_of(share));
  for (std::size_t i = 0; i < kMeasures.size(); ++i) {
    object[kMeasures[i].key] = json_of(row.estimates[i]);
  }
  for (const auto& other : before) {
    for (std::size_t i = 0; i < kMeasures.size(); ++i) {
      object["farther_than"][other.name][kMeasures[i].key] =
          json_of(farther(row, other, held_out, i));
    }
  }
  print("{}\n", object.dump());
}

std::string shown_number(double value) {
  return std::isfinite(value) ? fmt::format("{:.3f}", value) : "-";
}

/// "0.812 [0.790, 0.833] +"
std::string shown_estimate(const Estimate& estimate, const Interval& farther) {
  const auto [low, high] = interval(estimate);
  return fmt::format("{} [{}, {}]{}", shown_number(estimate.value), shown_number(low),
                     shown_number(high),
                     farther.high < 0  ? " +"
                     : farther.low > 0 ? " -"
                                       : "");
}

std::vector<std::string> cells(const Row& row, const Row& first, const Row& held_out) {
  std::vector<std::string> cells{row.name};
  const bool is_method = &row != &held_out;
  cells.push_back(is_method ? fmt::format("{:.0f}", row.tokens_per_second()) : "-");
  for (std::size_t i = 0; i < kMeasures.size(); ++i) {
    const auto beside = is_method ? interval(farther(row, first, held_out, i)) : Interval{};
    cells.push_back(shown_estimate(row.estimates[i], beside));
  }
  for (const auto share : row.measures.distinct) cells.push_back(shown_number(share));
  return cells;
}

/// In columns as wide as they have to be.
void print_table(std::span<const Row> rows, const Row& held_out) {
  std::vector<std::vector<std::string>> lines{{"method", "tokens/s"}};
  for (const auto& measure : kMeasures) lines.front().push_back(measure.title);
  for (const auto* title : {"distinct-1", "-2", "-3"}) lines.front().push_back(title);
  lines.push_back(cells(held_out, held_out, held_out));
  for (const auto& row : rows) lines.push_back(cells(row, rows.front(), held_out));
  std::vector<std::size_t> widths(lines.front().size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += fmt::format("{:<{}}{}", line[i], widths[i], i + 1 < line.size() ? "  " : "");
    }
    print("{}\n", text.substr(0, text.find_last_not_of(' ') + 1));
  }
}

}  // namespace

void compare_methods(const TextGenerator& generator, const TextFile& methods, const TextFile& texts,
                     const Arguments& arguments) {
  const auto common = read_generation_options(arguments, false);
  const auto asked = read_decoding_methods(methods, generator, common);
  const auto held_out_texts =
      read_texts(texts, generator, arguments.integer("prompt-tokens"), common.max_new_tokens);
  const bool is_json = arguments.is_set("json"), is_quiet = arguments.is_set("quiet");
  const Bootstrap bootstrap(held_out_texts.size());
  const auto row_of = [&](std::span<const ContinuedIds> of) {
    Row row{.measures = measure_texts(generator.source(), of, bootstrap)};
    row.estimates = {row.measures.log_likelihood, row.measures.repetition, row.measures.self_bleu};
    return row;
  };
  auto held_out = row_of(held_out_texts);
  held_out.name = kHeldOut;
  held_out.estimates.back() = bootstrap.estimate([](auto) { return 1.0; });
  if (is_json) print_json(held_out, {}, held_out);
  std::vector<Row> rows;
  for (const auto& method : asked) {
    const auto start = std::chrono::steady_clock::now();
    const auto written = continued(generator, method, held_out_texts);
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    auto row = row_of(written);
    row.name = method.name;
    row.words = method.words;
    row.seconds = time.count();
    row.estimates.back() = divergence_area(row.measures, held_out.measures, {}, bootstrap);
    if (is_json) print_json(row, rows, held_out);
    if (!is_quiet) {
      note("{}: {} tokens of {} texts, {:.1f} tokens/s\n", row.name, row.measures.tokens,
           row.measures.texts, row.tokens_per_second());
    }
    rows.push_back(std::move(row));
  }
  if (!is_json) print_table(rows, held_out);
}

}  // namespace minillama::app
