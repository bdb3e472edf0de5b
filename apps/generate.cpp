// Continues a text.

#include <chrono>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/generate/text_generator.h"
#include "minillama/io/atomic_file.h"
#include "minillama/io/mapped_file.h"

#include "common/app.h"
#include "common/arguments.h"
#include "common/model_arguments.h"

namespace {

using namespace minillama;

/// The CMU assignment's generation task.
constexpr const char* kAssignmentPrompt =
    "I have wanted to see this thriller for a while, and it didn't disappoint. Keanu Reeves, "
    "playing "
    "the hero John Wick, is";
constexpr std::int64_t kAssignmentTokens = 75;

app::Arguments declare_arguments() {
  app::Arguments arguments("generate", "Continues a text with a language model.", "[OPTION...]",
                           {"generate -p \"This movie is\"",
                            "generate -p \"Once upon a time\" --temp 0 -n 200 -m stories260K.bin "
                            "--tokenizer tok512.bin",
                            "generate -f prompts.txt --each-line --weights q8_0"});
  arguments.group("Text");
  arguments.option("prompt,p", "The text to continue (default: the assignment's two continuations)",
                   "TEXT");
  arguments.option("file,f", "Read the text to continue from a file", "PATH");
  arguments.flag(
      "each-line",
      "Continue every line of the file for itself, several at a time; one line of output "
      "for each, with line breaks written as \\n");
  arguments.option("batch-size", "With --each-line: how many are continued at the same time", "N",
                   "16");
  arguments.option("max-new-tokens,max-tokens,n",
                   "Tokens to write at most (default: 256; the assignment's task: 75)", "N");
  arguments.flag("no-display-prompt", "Write the continuation only");
  arguments.flag("ignore-eos", "Go on behind the end of a text");
  arguments.group("Sampling");
  arguments.option("temp,temperature", "Divides the logits; 0: always the most probable token", "X",
                   "0.8");
  arguments.option("epsilon", "Drop tokens less probable than this; 0: none", "X", "0.05");
  arguments.option("top-k", "Keep the K most probable tokens; 0: all", "K", "0");
  arguments.option("top-p", "Keep the most probable tokens that make up P; 1: all", "P", "1");
  arguments.option("min-p", "Drop tokens below P times the most probable one; 0: none", "P", "0");
  arguments.option("seed,s", "Of the random numbers", "N", "1337");
  arguments.flag("no-cache", "Compute all positions again for every token");
  arguments.group("Assignment");
  arguments.option("generated-sentence-low-temp-out",
                   "Without -p: the continuation at temperature 0", "PATH",
                   "generated-sentence-temp-0.txt");
  arguments.option("generated-sentence-high-temp-out",
                   "Without -p: the continuation at temperature 1", "PATH",
                   "generated-sentence-temp-1.txt");
  add_model_arguments(arguments);
  arguments.option("weights",
                   "f32, or q8_0: eight bits for a weight, a quarter of the memory and up to three "
                   "times as fast, at a small loss of quality",
                   "TYPE", "f32");
  return arguments;
}

GenerationOptions generation_options(const app::Arguments& arguments, bool compatible) {
  GenerationOptions options{.temperature = arguments.number("temp"),
                            .top_k = arguments.integer("top-k"),
                            .top_p = arguments.number("top-p"),
                            .min_p = arguments.number("min-p"),
                            .epsilon = arguments.number("epsilon"),
                            .stop_at_end = !arguments.is_set("ignore-eos"),
                            .use_cache = !arguments.is_set("no-cache"),
                            .batch_size = arguments.integer("batch-size")};
  const auto seed = arguments.integer("seed");
  if (seed < 0) throw OptionError(fmt::format("--seed is {}, must be 0 or positive", seed));
  options.seed = static_cast<std::uint64_t>(seed);
  if (compatible) {
    options.max_new_tokens = kAssignmentTokens;
    options.stop_at_end = false;
    options.crop_context = true;
  }
  if (arguments.given("max-new-tokens")) {
    options.max_new_tokens = arguments.integer("max-new-tokens");
  }
  options.validate();
  return options;
}

void report(const Generation& generation) {
  const auto n = generation.ids.size();
  fmt::print(stderr, "\n{} tokens, {:.1f} tokens/s (prompt {:.3f} s)\n", n,
             n > 1 ? static_cast<double>(n - 1) / generation.decode_seconds : 0.0,
             generation.prompt_seconds);
  if (generation.stop == StopReason::context_full) {
    fmt::print(stderr, "stopped: the model's context is full\n");
  }
}

std::string read_prompt(const app::Arguments& arguments) {
  if (!arguments.given("file")) return arguments.text("prompt");
  if (arguments.given("prompt")) throw OptionError("--prompt and --file exclude each other");
  const MappedFile file(arguments.text("file"));
  std::string text(as_text(file.bytes()));
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

void continue_prompt(TextGenerator& generator, const app::Arguments& arguments,
                     const GenerationOptions& options, bool quiet) {
  const auto prompt = read_prompt(arguments);
  generator.encode(prompt, options);  // an error should come before any output
  if (!arguments.is_set("no-display-prompt")) std::cout << prompt << std::flush;
  const auto generation = generator.generate(prompt, options, std::cout);
  std::cout << '\n';
  if (!quiet) report(generation);
}

/// "a\nb" as one line.
std::string as_line(std::string_view text) {
  std::string line;
  for (const char c : text) line += c == '\n' ? "\\n" : std::string(1, c);
  return line;
}

/// Every line of the file for itself.
void continue_lines(TextGenerator& generator, const app::Arguments& arguments,
                    const GenerationOptions& options, bool quiet) {
  if (!arguments.given("file")) throw OptionError("--each-line needs --file");
  std::vector<std::string> prompts;
  std::istringstream lines(read_prompt(arguments));
  for (std::string line; std::getline(lines, line);) prompts.push_back(line);
  const auto start = std::chrono::steady_clock::now();
  const auto texts = generator.generate_batch(prompts, options);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::size_t n_tokens = 0;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    if (!arguments.is_set("no-display-prompt")) std::cout << prompts[i];
    std::cout << as_line(texts[i].text) << '\n';
    n_tokens += texts[i].generation.ids.size();
  }
  if (quiet) return;
  fmt::print(stderr, "{} tokens for {} prompts, {:.1f} tokens/s\n", n_tokens, prompts.size(),
             static_cast<double>(n_tokens) / seconds.count());
}

/// The assignment's task: the continuations of its prompt at temperatures 0 and 1, into two files.
void write_assignment_outputs(TextGenerator& generator, const app::Arguments& arguments,
                              GenerationOptions options, bool quiet) {
  if (!arguments.given("max-new-tokens")) options.max_new_tokens = kAssignmentTokens;
  for (const auto& [temperature, file] : {std::pair{0.0, "generated-sentence-low-temp-out"},
                                          std::pair{1.0, "generated-sentence-high-temp-out"}}) {
    options.temperature = temperature;
    std::ostringstream text;
    text << kAssignmentPrompt;
    const auto generation = generator.generate(kAssignmentPrompt, options, text);
    write_file(arguments.text(file), text.str() + "\n");
    std::cout << text.str() << '\n';
    if (!quiet) {
      report(generation);
      fmt::print(stderr, "temperature {}: written to {}\n\n", temperature, arguments.text(file));
    }
  }
}

void run(int argc, char** argv) {
  auto arguments = declare_arguments();
  if (!arguments.parse(argc, argv)) return;
  if (!arguments.positional().empty()) {
    throw OptionError(fmt::format("unexpected argument {}: give the text with --prompt",
                                  quote(arguments.positional().front())));
  }
  const auto model = read_model_arguments(arguments, "reviews");
  const auto options = generation_options(arguments, model.compatible);
  auto generator = load_language_model(model.model, model.load, model.tokenizer);
  if (arguments.choice("weights", {"f32", "q8_0"}) == "q8_0") {
    if (!options.use_cache) throw OptionError("--weights q8_0 need a cache: without --no-cache");
    generator.quantize();
  }
  if (arguments.is_set("each-line")) {
    continue_lines(generator, arguments, options, model.quiet);
  } else if (arguments.given("prompt") || arguments.given("file")) {
    continue_prompt(generator, arguments, options, model.quiet);
  } else {
    write_assignment_outputs(generator, arguments, options, model.quiet);
  }
}

}  // namespace

int main(int argc, char** argv) {
  return minillama::app::run("generate", [&] { run(argc, argv); });
}
