#include "common/interactive.h"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"
#include "minillama/generate/sampling_steps.h"
#include "minillama/generate/scheduler.h"
#include "minillama/io/atomic_file.h"
#include "minillama/text/stream_decoder.h"

#include "common/generate_arguments.h"
#include "common/interactive_settings.h"
#include "common/interrupts.h"
#include "common/output.h"
#include "common/sampling_arguments.h"
#include "common/typed_lines.h"

namespace minillama::app {
namespace {

constexpr std::int64_t kMostCandidates = 100;

/// The text so far, and what can be done with it.
class Session {
 public:
  Session(const TextGenerator& generator, const Arguments& arguments)
      : generator_(generator),
        settings_(arguments),
        options_(options_of(settings_)),
        scheduler_(generator.source(), options_,
                   {.sequences = 1, .capacity = generator.config().max_seq_len}),
        tokens_(with_bos(generator.tokenizer(), {})),
        start_(tokens_.size()) {}

  /// Puts a text behind the text so far.
  void write(std::string_view text) {
    const bool is_first = tokens_.size() == start_;
    const auto more =
        generator_.tokenizer().encode(text, is_first ? TextPlace::start : TextPlace::continuation);
    auto longer = tokens_;
    longer.insert(longer.end(), more.begin(), more.end());
    check_prompt(longer, generator_.config(), options_);
    take(std::move(longer), Writer::person);
  }

  /// The model goes on, and what it writes is shown as it comes.
  void go_on() {
    if (tokens_.empty()) throw OptionError("there is no text yet: type one");
    auto options = options_;
    options.seed += n_texts_++;
    if (n_shown_ > 0) options.logprobs = n_shown_;
    StreamDecoder stream(generator_.tokenizer(), tokens_);
    const Interrupts interrupts;
    const auto generation = run(options, [&](std::int64_t token) {
      write_result(stream.push(token));
      if (interrupts.signal() != 0 && interrupts.signal() != SIGINT) {
        throw Interrupted{interrupts.signal()};
      }
      return interrupts.signal() == 0;
    });
    print("{}\n", stream.flush());
    auto longer = tokens_;
    longer.insert(longer.end(), generation.ids.begin(), generation.ids.end());
    take(std::move(longer), Writer::model);
    if (n_shown_ > 0) show_steps(generation);
    if (generation.stop == StopReason::end_of_text) note("The text ends here.\n");
    if (generation.stop == StopReason::context_full) note("The model's context is full.\n");
  }

  /// Takes back the latest step of either. What it was is not read again.
  void undo() {
    if (steps_.empty()) throw OptionError("there is nothing to take back");
    tokens_.resize(steps_.back().begin);
    steps_.pop_back();
  }

  /// The model writes something else in place of what it wrote.
  void try_again() {
    if (!steps_.empty() && steps_.back().writer == Writer::model) undo();
    go_on();
  }

  void begin_anew() {
    steps_.clear();
    tokens_.resize(start_);
  }

  void set(const std::string& name, const std::string& value) {
    auto settings = settings_;
    settings.set(name, value);
    options_ = options_of(settings);
    settings_ = std::move(settings);
    n_texts_ = 0;
  }

  void show_settings() const {
    note("Each token is chosen by: {}; {} tokens at most.\n",
         fmt::join(sampling_steps(options_), ", "), options_.max_new_tokens);
  }

  /// From now on the most probable tokens of each step are shown.
  void show_candidates(std::int64_t n) { n_shown_ = n; }

  /// The most probable next tokens.
  void next_candidates(std::int64_t n) {
    if (tokens_.empty()) throw OptionError("there is no text yet: type one");
    // By no setting but how many: probabilities are the model's own. An end is a candidate, too.
    const auto generation = run({.max_new_tokens = 1,
                                 .temperature = 0,
                                 .logprobs = n,
                                 .stop_at_end = false,
                                 .vocabulary = options_.vocabulary},
                                {});
    for (const auto& [token, logprob] : generation.logprobs.at(0).top) {
      print("{:.4f}  {}\n", std::exp(logprob), piece(token));
    }
  }

  std::string text() const { return generator_.tokenizer().decode(tokens_); }

 private:
  enum class Writer { person, model };
  struct Step {
    std::size_t begin;  // of its tokens
    Writer writer;
  };

  GenerationOptions options_of(const InteractiveSettings& settings) const {
    const auto arguments = settings.arguments();
    auto options = with_word_arguments(arguments, read_generation_options(arguments, false),
                                       generator_.tokenizer());
    options.vocabulary = generator_.tokenizer().vocab_size();
    return options;
  }

  Generation run(const GenerationOptions& options, std::function<bool(std::int64_t)> on_token) {
    Generation generation;
    scheduler_.submit({.prompt = tokens_,
                       .options = options,
                       .stop_ids = generator_.tokenizer().stop_ids(),
                       .on_token = std::move(on_token),
                       .keeps_prefix = true},
                      [&](Generation ended) { generation = std::move(ended); });
    while (scheduler_.step()) {
    }
    return generation;
  }

  void take(TokenIds longer, Writer writer) {
    if (longer.size() == tokens_.size()) return;
    steps_.push_back({tokens_.size(), writer});
    tokens_ = std::move(longer);
  }

  std::string piece(std::int64_t token) const { return quote(generator_.tokenizer().piece(token)); }

  /// A line for each token that was written: its probability, then the most probable ones.
  void show_steps(const Generation& generation) const {
    for (std::size_t i = 0; i < generation.ids.size(); ++i) {
      const auto& [logprob, top] = generation.logprobs[i];
      auto line = fmt::format("{:.4f}  {:<18}", std::exp(logprob), piece(generation.ids[i]));
      for (const auto& other : top) {
        line += fmt::format(" {} {:.2f}", piece(other.token), std::exp(other.logprob));
      }
      note("{}\n", line);
    }
  }

  const TextGenerator& generator_;
  InteractiveSettings settings_;
  GenerationOptions options_;
  Scheduler scheduler_;  // of one sequence, which keeps what was read
  TokenIds tokens_;
  std::size_t start_;          // BOS, if the text begins with it
  std::vector<Step> steps_;    // by which the text came
  std::uint64_t n_texts_ = 0;  // that these settings wrote
  std::int64_t n_shown_ = 0;
};

std::int64_t count(const std::string& text, std::int64_t otherwise) {
  if (text.empty()) return otherwise;
  std::size_t end = 0;
  std::int64_t n = -1;
  try {
    n = std::stoll(text, &end);
  } catch (const std::logic_error&) {
  }
  if (end == text.size() && n >= 0 && n <= kMostCandidates) return n;
  throw OptionError(fmt::format("{} is no number from 0 to {}", quote(text), kMostCandidates));
}

/// What a person can do beside typing a text.
struct Command {
  std::string_view usage;  // the name first
  std::string_view help;
  void (*run)(Session& session, const std::string& rest);
  std::string_view name() const { return usage.substr(0, usage.find(' ')); }
};

void show_help();

constexpr Command kCommands[] = {
    {"/undo", "take back the latest step, the model's or yours",
     [](Session& session, const std::string&) { session.undo(); }},
    {"/retry", "take back what the model wrote, and let it write something else",
     [](Session& session, const std::string&) { session.try_again(); }},
    {"/top [N]", "the N most probable next tokens with their probabilities (10)",
     [](Session& session, const std::string& rest) { session.next_candidates(count(rest, 10)); }},
    {"/show [N]",
     "behind each text its tokens, and the N most probable ones of each step (3); 0: none",
     [](Session& session, const std::string& rest) { session.show_candidates(count(rest, 3)); }},
    {"/set [NAME [VALUE]]",
     "change a setting, as the option --NAME; without VALUE, its default; "
     "alone, show by which steps tokens are chosen",
     [](Session& session, const std::string& rest) {
       if (rest.empty()) return session.show_settings();
       const auto space = rest.find(' ');
       session.set(rest.substr(0, space), space == std::string::npos ? "" : rest.substr(space + 1));
     }},
    {"/text", "the whole text",
     [](Session& session, const std::string&) { print("{}\n", session.text()); }},
    {"/save FILE", "write the text to a file",
     [](Session& session, const std::string& rest) {
       if (rest.empty()) throw OptionError("/save needs the name of a file");
       write_file(rest, session.text() + "\n");
     }},
    {"/new", "begin a new text",
     [](Session& session, const std::string&) { session.begin_anew(); }},
    {"/help", "this", [](Session&, const std::string&) { show_help(); }},
};

void show_help() {
  note(
      "An empty line: the model goes on. Anything else is put behind the text as it stands, "
      "leading spaces included, with \\n for a line break, and the model goes on. Ctrl-C ends a "
      "text, Ctrl-D the program.\n");
  for (const auto& command : kCommands) note("{:<21}{}\n", command.usage, command.help);
}

/// "a\\nb" with a line break.
std::string with_line_breaks(std::string_view line) {
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool is_break = line.substr(i, 2) == "\\n";
    text += is_break ? '\n' : line[i];
    if (is_break) ++i;
  }
  return text;
}

void answer(Session& session, const std::string& line) {
  if (!line.starts_with('/')) {
    if (!line.empty()) session.write(with_line_breaks(line));
    return session.go_on();
  }
  const auto space = line.find(' ');
  const auto name = line.substr(0, space);
  const auto* found = std::ranges::find(kCommands, name, &Command::name);
  if (found == std::end(kCommands)) {
    throw OptionError(fmt::format("{} is no command: /help shows them", quote(name)));
  }
  found->run(session, space == std::string::npos ? "" : line.substr(space + 1));
}

}  // namespace

void interact(const TextGenerator& generator, const Arguments& arguments,
              const ModelArguments& model) {
  if (generator.config().attention != AttentionKind::causal) {
    throw OptionError("--interactive needs a model that sees what comes before alone");
  }
  Session session(generator, arguments);
  TypedLines lines("-");
  if (lines.is_person() && !model.quiet) {
    note(
        "Type a text, and the model goes on; an empty line, and it goes on further. /help shows "
        "what else there is; Ctrl-D ends.\n");
  }
  const auto prompts = arguments.texts("prompt");
  if (prompts.size() > 1) {
    throw OptionError(fmt::format("--prompt is given {} times, and --interactive writes one text",
                                  prompts.size()));
  }
  for (const auto& prompt : prompts) {
    session.write(prompt);
    print("{}\n", prompt);
  }
  while (const auto line = lines.next()) {
    try {
      answer(session, *line);
    } catch (const InputError& error) {
      if (!lines.is_person()) throw lines.error(error.what());
      note("{}\n", error.what());
    }
  }
}

}  // namespace minillama::app
