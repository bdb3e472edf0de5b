#include "common/generate_arguments.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"

#include "common/constraint_arguments.h"
#include "common/decoding_arguments.h"
#include "common/model_arguments.h"
#include "common/option_rules.h"
#include "common/sampling_arguments.h"

namespace minillama::app {

Arguments declare_generate_arguments() {
  Arguments arguments(
      "generate", "Continues a text with a language model.", "[OPTION...]",
      {"generate -p \"This movie is\"", "echo \"This movie is\" | generate",
       "generate -p \"Once upon a time\" --temp 0 -n 200 -m stories260K.bin "
       "--tokenizer tok512.bin",
       "generate -p \"This movie is\" --num-beams 4 --continuations 3",
       "generate -p \"This movie is\" --choices \" good, bad\"",
       "generate -f prompts.txt --each-line --weights q8_0", "generate --score held-out.txt",
       "generate --compare methods.txt -f held-out.txt",
       "generate -m SmolLM2-135M-Instruct.Q4_1.gguf --chat --system \"You are brief.\""});
  arguments.group("Text");
  arguments.repeated_option("prompt,p", "A text to continue; given again, the next one", "TEXT");
  arguments.option("file,f",
                   "Read the text to continue from a file; -: from standard input, as without -p "
                   "when something is piped in",
                   "PATH");
  arguments.flag(
      "each-line",
      "Continue every line for itself, several at a time; one line of output for each, with line "
      "breaks written as \\n, and an empty one for a line that cannot be continued");
  arguments.flag(
      "interactive,i",
      "Write a text by turns: type how it begins, and the model goes on; take steps back, "
      "see the most probable tokens and change settings as you go (/help)");
  arguments.option("batch-size",
                   "With --each-line or --compare: how many are continued at the same time", "N",
                   "16");
  arguments.option("max-new-tokens,max-tokens,n",
                   "Tokens to write at most (default: 256; the assignment's task: 75; with --chat: "
                   "1024, with --interactive: 64, with --compare: 128)",
                   "N");
  arguments.flag("no-display-prompt", "Write the continuation only");
  arguments.flag("ignore-eos", "Go on behind the end of a text");
  add_sampling_arguments(arguments);
  add_constraint_arguments(arguments);
  add_decoding_arguments(arguments);
  arguments.group("Chat");
  arguments.flag("chat",
                 "Talk with a model that was trained for that, by the chat template of its file: "
                 "each line of standard input or --file, or each --prompt, is a message; Ctrl-D "
                 "ends. The oldest turns are dropped when the model's context is full");
  arguments.option("system", "With --chat: the system message (default: the template's)", "TEXT");
  arguments.group("Scoring");
  arguments.option("logprobs",
                   "With --json: the log-probability of each token that is written, and the N most "
                   "probable ones with theirs, as the model gives them, ahead of temperature and "
                   "every other step",
                   "N");
  arguments.option("score",
                   "In place of writing: how probable the model finds each line of a file (-: of "
                   "standard input) by itself, its first token given: tokens, log-probability in "
                   "nats, bits per byte; at the end of all of them. A line that is longer than the "
                   "model's context has an empty line, is named and is an error at the end",
                   "PATH");
  arguments.option("compare",
                   "In place of writing: have several methods continue the beginning of each line "
                   "of --file, and measure what they write beside the rest of it: log-likelihood, "
                   "repetition, likeness to each other, divergence, different words, tokens/s. A "
                   "line of the file (-: of standard input) is a method: a name, a colon and "
                   "options of sampling and strategy, as \"nucleus: --top-p 0.95 --temp 1\"",
                   "PATH");
  arguments.option("prompt-tokens", "With --compare: how many tokens of a line are its beginning",
                   "N", "16");
  arguments.flag(
      "json",
      "One JSON object for each text, with the score that a search gives it; with "
      "--score: for each line, with every token and its log-probability; with --compare: for "
      "each method, with all differences and their intervals");
  arguments.group("Assignment");
  arguments.flag("assignment",
                 "Continue the CMU assignment's prompt at temperatures 0 and 1, into two files; so "
                 "does naming one of them");
  arguments.option(kLowFile, "The continuation at temperature 0", "PATH",
                   "generated-sentence-temp-0.txt");
  arguments.option(kHighFile, "The continuation at temperature 1", "PATH",
                   "generated-sentence-temp-1.txt");
  add_model_arguments(arguments);
  arguments.option(
      "weights",
      fmt::format("Compute with weights of this type, {} (default: as they lie in the file). Eight "
                  "bits (q8_0) are a quarter of the memory and up to three times as fast, at a "
                  "small loss of quality",
                  fmt::join(weight_format_names(), ", ")),
      "TYPE");
  arguments.flag("huge-pages",
                 "Copy the weights into huge pages of memory, which some processors read faster; "
                 "--weights does so anyway");
  return arguments;
}

bool is_assignment(const Arguments& arguments) {
  return arguments.is_set("assignment") || arguments.given(kLowFile) || arguments.given(kHighFile);
}

void check_generate_arguments(const Arguments& arguments) {
  std::vector<OptionRule> rules{
      {.option = "each-line", .excludes = {"prompt"}},
      {.option = "file", .excludes = {"prompt"}},
      {.option = "batch-size", .needs = {"each-line", "compare"}},
      {.option = "compare", .needs = {"file"}},
      {.option = "compare",
       .excludes = {"each-line", "chat", "no-display-prompt", "ignore-eos", "no-cache", "compat",
                    "logprobs", "verbose"}},
      {.option = "prompt-tokens", .needs = {"compare"}},
      {.option = "json", .excludes = {"each-line", "chat"}},
      {.option = "logprobs", .needs = {"json"}},
      {.option = "logprobs",
       .excludes = {"num-beams", "penalty-alpha"},
       .reason = "a search has none"},
      {.option = "system", .needs = {"chat"}},
      {.option = "interactive",
       .excludes = {"file", "each-line", "score", "chat", "json", "compat", "assignment", kLowFile,
                    kHighFile, "no-display-prompt", "ignore-eos", "json-object"}},
      {.option = "weights", .excludes = {"use-gpu"}},
      {.option = "huge-pages", .excludes = {"use-gpu"}},
      {.option = "ignore-eos", .excludes = {"compat"}},
      {.option = "config", .needs = {"model"}},
      {.option = "use-gpu", .excludes = {"device"}}};
  auto of_methods = sampling_options();
  for (const auto& more : {decoding_options(), constraint_options()}) {
    of_methods.insert(of_methods.end(), more.begin(), more.end());
  }
  std::erase(of_methods, "seed");
  for (const auto& option : of_methods) {
    rules.push_back({.option = option,
                     .excludes = {"compare"},
                     .reason = "each method has options of its own"});
  }
  const std::vector<std::string> assignment{"assignment", kLowFile, kHighFile};
  for (const auto* option : {"prompt", "file", "each-line", "no-display-prompt", "temp", "json"}) {
    rules.push_back({.option = option, .excludes = assignment});
  }
  for (const auto& option : decoding_options()) {
    rules.push_back({.option = option, .excludes = assignment});
    rules.push_back({.option = option, .excludes = {"score"}});
    rules.push_back({.option = option, .excludes = {"chat"}});
    rules.push_back({.option = option, .excludes = {"interactive"}});
  }
  for (const auto& option : constraint_options()) {
    rules.push_back({.option = option, .excludes = assignment});
    rules.push_back({.option = option, .excludes = {"score"}});
  }
  auto not_scoring = sampling_options();
  not_scoring.insert(
      not_scoring.end(),
      {"prompt", "file", "each-line", "batch-size", "max-new-tokens", "no-display-prompt",
       "ignore-eos", "compat", "assignment", kLowFile, kHighFile, "chat", "logprobs"});
  for (const auto& option : not_scoring) {
    rules.push_back({.option = option, .excludes = {"score"}});
  }
  for (const auto* option : {"each-line", "no-display-prompt", "ignore-eos", "compat", "assignment",
                             kLowFile, kHighFile}) {
    rules.push_back({.option = option, .excludes = {"chat"}});
  }
  for (const auto& more : {sampling_rules(), constraint_rules(), decoding_rules(arguments)}) {
    rules.insert(rules.end(), more.begin(), more.end());
  }
  check_options(arguments, rules);
  if (arguments.given("weights")) read_weight_format(arguments, "weights");
}

GenerationOptions read_generation_options(const Arguments& arguments, bool compatible) {
  auto options = read_sampling_options(arguments);
  options.batch_size = arguments.integer("batch-size");
  options.stop_at_end = !arguments.is_set("ignore-eos");
  if (arguments.given("logprobs")) options.logprobs = arguments.integer("logprobs");
  if (draws_nothing(arguments)) options.temperature = 0;
  if (arguments.is_set("chat")) options.max_new_tokens = kAnswerTokens;
  if (arguments.is_set("interactive")) options.max_new_tokens = kTurnTokens;
  if (arguments.given("compare")) options.max_new_tokens = kComparedTokens;
  if (is_assignment(arguments)) options.max_new_tokens = kAssignmentTokens;
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

}  // namespace minillama::app
