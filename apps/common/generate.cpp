#include "common/generate.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/generate/text_generator.h"
#include "minillama/io/atomic_file.h"
#include "minillama/text/text_file.h"

#include "common/arguments.h"
#include "common/chat.h"
#include "common/compare.h"
#include "common/decoding_arguments.h"
#include "common/generate_arguments.h"
#include "common/interactive.h"
#include "common/model_arguments.h"
#include "common/output.h"
#include "common/output_files.h"
#include "common/sampling_arguments.h"
#include "common/score.h"

namespace minillama::app {
namespace {

/// The CMU assignment's generation task.
constexpr const char* kAssignmentPrompt =
    "I have wanted to see this thriller for a while, and it didn't disappoint. Keanu Reeves, "
    "playing "
    "the hero John Wick, is";

void report(const Generation& generation) {
  const auto n = generation.ids.size();
  note("\n{} tokens, {:.1f} tokens/s (prompt {:.3f} s)\n", n,
       n > 1 ? static_cast<double>(n - 1) / generation.decode_seconds : 0.0,
       generation.prompt_seconds);
  if (generation.guessed > 0) {
    note("{} of {} guesses were right\n", generation.accepted, generation.guessed);
  }
  if (generation.stop == StopReason::context_full) {
    note("stopped: the model's context is full\n");
  }
}

/// Whether standard input is open for reading, and no person sits there.
bool something_is_piped_in() {
  const int mode = ::fcntl(STDIN_FILENO, F_GETFL);
  return mode >= 0 && (mode & O_ACCMODE) != O_WRONLY && ::isatty(STDIN_FILENO) == 0;
}

/// Opens what --file names or standard input, before a model is loaded. Nothing if the text is
/// given by --prompt, or is the assignment's.
std::optional<TextFile> open_text(const Arguments& arguments) {
  if (arguments.given("file")) {
    TextFile file(arguments.text("file"));
    if (file.text().empty()) throw FileError(file.path(), "is empty");
    return file;
  }
  if (arguments.given("prompt") || is_assignment(arguments)) return std::nullopt;
  if (something_is_piped_in()) {
    TextFile file("-");
    if (!file.text().empty()) return file;
  }
  throw OptionError(
      "nothing to continue: give a text with --prompt, --file or a pipe, or --assignment for the "
      "CMU assignment's two continuations (--help shows more)");
}

/// The whole of it but for one line end, as "\n" at the end of a file belongs to its last line.
std::string prompt_of(const TextFile& file) {
  auto text = file.normalized();
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

/// "a\nb" as one line.
std::string as_line(std::string_view text) {
  std::string line;
  for (const char c : text) line += c == '\n' ? "\\n" : std::string(1, c);
  return line;
}

void continue_prompt(const TextGenerator& generator, const Arguments& arguments,
                     const std::string& prompt, const GenerationOptions& options,
                     const DecodingOptions& decoding) {
  if (!arguments.is_set("no-display-prompt")) write_result(prompt);
  const auto generation = generator.generate(prompt, options, results(), decoding);
  write_result("\n");
  if (!arguments.is_set("quiet")) report(generation);
}

Json json_of(const TokenLogprob& token, const Tokenizer& tokenizer) {
  return {{"id", token.token}, {"piece", tokenizer.piece(token.token)}, {"logprob", token.logprob}};
}

/// Every token with its log-probability and the most probable ones in its place.
Json logprobs_json(const Generation& generation, const Tokenizer& tokenizer) {
  auto list = Json::array();
  for (std::size_t i = 0; i < generation.ids.size(); ++i) {
    const auto& [logprob, top] = generation.logprobs[i];
    auto token = json_of({generation.ids[i], logprob}, tokenizer);
    token["top"] = Json::array();
    for (const auto& other : top) token["top"].push_back(json_of(other, tokenizer));
    list.push_back(std::move(token));
  }
  return list;
}

/// A line for each continuation.
void continue_several_times(const TextGenerator& generator, const Arguments& arguments,
                            const std::string& prompt, const GenerationOptions& options,
                            const DecodingOptions& decoding) {
  const bool is_json = arguments.is_set("json"), is_ranked = is_beam_search(arguments);
  const auto start = std::chrono::steady_clock::now();
  const auto texts = generator.decode({prompt}, options, decoding).front();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  const auto shown = arguments.is_set("no-display-prompt") ? std::string() : prompt;
  std::size_t n_tokens = 0;
  for (const auto& [text, generation] : texts) {
    n_tokens += generation.ids.size();
    if (!is_json) {
      print("{}\n", as_line(shown + text));
      if (is_ranked && !arguments.is_set("quiet")) note("score {:.4f}\n", generation.score);
      continue;
    }
    Json object{{"prompt", prompt}, {"text", text}, {"tokens", generation.ids.size()}};
    if (is_ranked) object["score"] = generation.score;
    if (options.logprobs) object["logprobs"] = logprobs_json(generation, generator.tokenizer());
    print("{}\n", object.dump());
  }
  if (arguments.is_set("quiet")) return;
  note("{} tokens of {} texts, {:.1f} tokens/s\n", n_tokens, texts.size(),
       static_cast<double>(n_tokens) / seconds.count());
}

/// What keeps a line from being continued; empty if nothing.
std::string problem_of(const TextGenerator& generator, std::string_view line,
                       const GenerationOptions& options) {
  auto problem = problem_of_line(line);
  if (!problem.empty()) return problem;
  try {
    generator.encode(line, options);
  } catch (const OptionError& error) {
    return error.what();
  }
  return {};
}

/// Every line of the file for itself. Blank lines and those that cannot be continued have an empty
/// line of output; the latter are named, and are an error at the end.
void continue_lines(const TextGenerator& generator, const Arguments& arguments,
                    const TextFile& file, const GenerationOptions& options,
                    const DecodingOptions& decoding) {
  std::vector<std::string> prompts;
  std::vector<bool> is_continued;  // of every line
  std::size_t n_bad = 0;
  for (auto rest = file.text(); !rest.empty();) {
    const auto line = take_line(rest);
    if (is_blank(line)) {
      is_continued.push_back(false);
      continue;
    }
    const auto problem = problem_of(generator, line, options);
    is_continued.push_back(problem.empty());
    if (problem.empty()) {
      prompts.emplace_back(line);
    } else {
      ++n_bad;
      note("{}\n", FileError(file.path(), is_continued.size(), problem).what());
    }
  }
  const auto start = std::chrono::steady_clock::now();
  const auto texts = generator.decode(prompts, options, decoding);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::size_t n_tokens = 0;
  std::size_t i = 0;
  for (const bool continued : is_continued) {
    if (!continued) {
      print("\n");
      continue;
    }
    print("{}{}\n", arguments.is_set("no-display-prompt") ? "" : prompts[i],
          as_line(texts[i].front().text));
    n_tokens += texts[i++].front().generation.ids.size();
  }
  if (!arguments.is_set("quiet") && n_tokens > 0) {
    note("{} tokens for {} prompts, {:.1f} tokens/s\n", n_tokens, prompts.size(),
         static_cast<double>(n_tokens) / seconds.count());
  }
  if (n_bad > 0) {
    throw FileError(file.path(), fmt::format("{} of {} lines could not be continued", n_bad,
                                             is_continued.size()));
  }
}

/// The assignment's task: the continuations of its prompt at temperatures 0 and 1, into two files.
void write_assignment_outputs(const TextGenerator& generator, const Arguments& arguments,
                              GenerationOptions options, bool quiet) {
  for (const auto& [temperature, file] : {std::pair{0.0, kLowFile}, std::pair{1.0, kHighFile}}) {
    options.temperature = temperature;
    report_sampling(arguments, options);
    std::ostringstream text;
    text << kAssignmentPrompt;
    const auto generation = generator.generate(kAssignmentPrompt, options, text);
    write_file(arguments.text(file), text.str() + "\n");
    print("{}\n", text.str());
    if (!quiet) {
      report(generation);
      note("temperature {}: written to {}\n\n", temperature, arguments.text(file));
    }
  }
}

}  // namespace

void generate(int argc, char** argv, const GenerateProgram& program) {
  auto arguments = declare_generate_arguments();
  if (!arguments.parse(argc, argv)) return;
  if (!arguments.positional().empty()) {
    throw OptionError(fmt::format("unexpected argument {}: give the text with --prompt",
                                  quote(arguments.positional().front())));
  }
  check_generate_arguments(arguments);
  if (is_assignment(arguments)) {
    for (const auto* file : {kLowFile, kHighFile}) {
      check_output_file(file, arguments.text(file), {});
    }
  }
  const auto model = read_model_arguments(arguments, "reviews");
  if (program.choose) program.choose(model);
  set_threads_of(arguments);
  if (arguments.given("score")) {
    const TextFile file(arguments.text("score"));
    return score_lines(program.load(arguments, model), file, arguments.is_set("json"));
  }
  if (arguments.given("compare")) {
    const TextFile methods(arguments.text("compare")), texts(arguments.text("file"));
    return compare_methods(program.load(arguments, model), methods, texts, arguments);
  }
  if (arguments.is_set("interactive")) {
    return interact(program.load(arguments, model), arguments, model);
  }
  if (arguments.is_set("chat")) return chat(program.load(arguments, model), arguments, model);
  const auto file = open_text(arguments);
  auto options = read_generation_options(arguments, model.compatible);
  const auto generator = program.load(arguments, model);
  options = with_word_arguments(arguments, options, generator.tokenizer());
  if (is_assignment(arguments)) {
    return write_assignment_outputs(generator, arguments, options, model.quiet);
  }
  report_sampling(arguments, options);
  const auto decoding = read_decoding_options(arguments, generator, options);
  if (arguments.is_set("each-line")) {
    continue_lines(generator, arguments, *file, options, decoding);
  } else {
    const auto prompts = file ? std::vector{prompt_of(*file)} : arguments.texts("prompt");
    // Errors should come before any output.
    for (const auto& prompt : prompts) generator.encode(prompt, options);
    const bool is_list = arguments.is_set("json") || decoding.continuations > 1;
    for (const auto& prompt : prompts) {
      (is_list ? continue_several_times : continue_prompt)(generator, arguments, prompt, options,
                                                           decoding);
    }
  }
}

}  // namespace minillama::app
