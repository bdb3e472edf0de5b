// Trains a language model on text.

#include <algorithm>
#include <chrono>
#include <optional>
#include <sstream>

#include <fmt/format.h>
#include <torch/version.h>

#include "minillama/checkpoint/tokenizer_file.h"
#include "minillama/core/error.h"
#include "minillama/io/atomic_file.h"
#include "minillama/io/directory_lock.h"
#include "minillama/io/event_file.h"
#include "minillama/model/language_model_file.h"
#include "minillama/model/module_text_generator.h"
#include "minillama/report/comparison.h"
#include "minillama/text/text_file.h"
#include "minillama/text/tokenized_text.h"
#include "minillama/train/pretraining.h"

#include "common/app.h"
#include "common/blas.h"
#include "common/interrupts.h"
#include "common/module_arguments.h"
#include "common/output.h"
#include "common/output_files.h"
#include "common/pretrain_arguments.h"
#include "common/pretraining_report.h"
#include "common/progress_bar.h"
#include "common/run_reports.h"
#include "common/settings_file.h"
#include "common/shell_word.h"
#include "common/time_budget.h"

namespace {

using namespace minillama;

/// The files in --out-dir beside the model's own.
constexpr const char* kStateFile = "training.safetensors";
constexpr const char* kLogFile = "log.jsonl";

constexpr const char* kStopped = "stopped and saved; --resume goes on from here\n";

/// The tokenizer of a new model: one that is given, or made of the text. A run that resumes takes
/// the one that it made.
Tokenizer open_tokenizer(const app::Arguments& arguments, const app::ModuleArguments& given) {
  if (!arguments.given("train-tokenizer")) {
    if (arguments.given("tokenizer")) return Tokenizer::load(given.open.tokenizer);
    throw OptionError("a new model needs --tokenizer or --train-tokenizer");
  }
  const std::filesystem::path directory = arguments.text("out-dir");
  const auto made = tokenizer_file_in(directory);
  if (arguments.is_set("resume") && !made.empty()) return Tokenizer::load(made);
  if (arguments.text("train") == "-" || is_stream(arguments.text("train"))) {
    throw OptionError(fmt::format(
        "--train-tokenizer reads --train before it is trained on: {} can be read once only",
        quote(arguments.text("train"), 400)));
  }
  auto tokenizer = Tokenizer::train(arguments.text("train"), arguments.integer("train-tokenizer"),
                                    arguments.text("tokenizer-kind"));
  remove_other_tokenizers(directory, tokenizer.files());  // an earlier run's would go before it
  write_tokenizer(directory, tokenizer.files());
  return tokenizer;
}

/// The model to start from and its tokenizer: those of --model, or new ones.
ModuleTextGenerator make_model(const app::Arguments& arguments, const app::ModuleArguments& given,
                               const torch::Generator& generator) {
  if (arguments.given("model")) {
    LoadOptions load = given.load;
    load.generator = generator;
    return load_language_model(given.model, load, given.open.tokenizer);
  }
  auto tokenizer = open_tokenizer(arguments, given);
  LanguageModel model(app::read_model_shape(arguments, tokenizer.vocab_size()), generator);
  model->to(given.load.device);
  return {std::move(model), std::move(tokenizer)};
}

void print_record(const PretrainingRecord& record, bool is_best, bool json) {
  if (json) {
    app::print("{}\n", to_json_line(record));
    return;
  }
  app::print_wrapped(
      "step {}: {:.2f} epochs, {:.2f} M tokens, loss {}, lr {:.2e}, {:.0f} tokens/s\n", record.step,
      record.epoch, static_cast<double>(record.tokens) * 1e-6, app::number(record.train_loss, 4),
      record.learning_rate, record.tokens_per_second);
  if (!record.valid) return;
  app::print_wrapped("  valid: loss {}, perplexity {}, {} bits per byte{}\n",
                     app::number(record.valid->loss, 4), app::number(record.valid->perplexity, 2),
                     app::number(record.valid->bits_per_byte, 4), is_best ? " *" : "");
}

void add_record(EventFile& events, const PretrainingRecord& record) {
  std::vector<EventScalar> scalars{{"loss/train", record.train_loss},
                                   {"learning_rate", record.learning_rate},
                                   {"tokens_per_second", record.tokens_per_second}};
  if (record.valid) {
    scalars.push_back({"loss/valid", record.valid->loss});
    scalars.push_back({"bits_per_byte/valid", record.valid->bits_per_byte});
  }
  events.add(record.step, scalars);
}

void print_sample(const TextGenerator& generator, const std::string& prompt) {
  std::ostringstream text;
  generator.generate(prompt, {.max_new_tokens = 60, .temperature = 0.8, .epsilon = 0.02}, text);
  app::print("  {}{}\n", prompt, text.str());
}

void run(int argc, char** argv) {
  auto arguments = app::declare_pretrain_arguments();
  if (!arguments.parse(argc, argv)) return;
  if (!arguments.positional().empty()) {
    throw OptionError(fmt::format("unexpected argument {}", quote(arguments.positional().front())));
  }
  for (const auto* needed : {"train", "valid", "out-dir"}) {
    if (!arguments.given(needed)) throw OptionError(fmt::format("--{} is missing", needed));
  }
  app::check_pretrain_arguments(arguments);
  auto options = app::read_pretraining_options(arguments);
  const double budget = app::read_time_budget(arguments);
  const bool json = arguments.is_set("json");
  const auto prompt = arguments.text("sample-prompt");
  const auto documents = app::read_documents(arguments);
  const auto given = read_module_arguments(arguments, "");
  const std::filesystem::path directory = arguments.text("out-dir");
  app::check_output_directory("out-dir", directory, given.model);
  if (arguments.given("tensorboard")) {
    app::check_output_directory("tensorboard", arguments.text("tensorboard"), given.model);
  }
  make_directory(directory);
  const DirectoryLock lock(directory);
  const bool resumes =
      arguments.is_set("resume") && std::filesystem::exists(directory / kStateFile);
  if (!resumes && !arguments.is_set("force")) app::refuse_earlier_run(directory);
  if (arguments.is_set("force")) {
    for (const auto* file : {kStateFile, kReportFile, kSummaryFile}) remove_file(directory / file);
  }

  const auto generator = make_generator(options.seed);
  auto text_generator = make_model(arguments, given, generator);
  auto& model = text_generator.model();
  model->llama->set_recompute(arguments.is_set("recompute"));
  const auto& tokenizer = text_generator.tokenizer();
  if (!arguments.given("window")) {
    options.window = std::min(options.window, model->config().max_seq_len);
  }
  auto train =
      tokenize_file(arguments.text("train"), tokenizer, directory / "train.tokens", documents);
  auto valid =
      tokenize_file(arguments.text("valid"), tokenizer, directory / "valid.tokens", documents);
  std::int64_t n_parameters = 0;
  for (const auto& parameter : model->parameters()) n_parameters += parameter.numel();
  if (!given.quiet) {
    app::note("{} parameters, {} tokens to train on, {} to evaluate on\n", n_parameters,
              train.size(), valid.size());
  }

  Pretraining training(model, std::move(train), std::move(valid), options, generator);
  training.keep_state(directory / kStateFile, arguments.is_set("resume"));
  app::write_settings(directory, arguments);

  auto report =
      app::begin_report(arguments, directory, training.settings(), {{"LibTorch", TORCH_VERSION}});
  const auto use = fmt::format("{} -m {} -p \"A beginning\"", app::app_beside(argv[0], "generate"),
                               app::shell_word(directory.native()));
  report.commands.insert(report.commands.begin(), {"The model in use", use});
  report.summary.figures = {{"parameters", static_cast<double>(n_parameters)}};
  const auto write_run = [&] {
    write_records(directory / kLogFile, training.records());
    auto whole = report;
    app::add_pretraining(training.records(), whole);
    app::write_report(directory, whole);
  };
  std::optional<EventFile> events;
  if (arguments.given("tensorboard")) events.emplace(arguments.text("tensorboard"));

  app::Interrupts interrupts;
  app::ProgressBar bar(given.quiet);
  bar.start(training.steps());
  const auto start = std::chrono::steady_clock::now();
  bool out_of_time = false;
  const auto outcome = training.run(
      {.after_step =
           [&](std::int64_t step, std::int64_t n_steps, double loss) {
             bar.update("step", step, n_steps, fmt::format("loss {}", app::number(loss, 3)));
           },
       .before_evaluation =
           [&] {
             bar.clear();
             interrupts.end_at_once(given.quiet ? "" : kStopped);
           },
       .after_record =
           [&](const PretrainingRecord& record, bool is_best) {
             interrupts.resume_noting();
             // First what is kept: printing may fail and end the run.
             if (record.valid) {
               if (is_best) write_language_model(directory, model, tokenizer);
               write_run();
             }
             if (events) add_record(*events, record);
             bar.clear();
             print_record(record, is_best, json);
             if (record.valid && !json) print_sample(text_generator, prompt);
           },
       .should_stop =
           [&] {
             const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
             out_of_time = passed.count() >= budget;
             return out_of_time || interrupts.signal() != 0;
           }});
  bar.clear();
  if (outcome == Pretraining::Outcome::finished && interrupts.signal() == 0) {
    if (!given.quiet) {
      app::note("the model is in {}; to use it: {}\n", directory.native(), use);
      app::note("what the run came to: {}\n", (directory / kReportFile).native());
    }
    return;
  }
  write_run();
  if (!given.quiet) app::write_message(kStopped);
  if (interrupts.signal() != 0) throw app::Interrupted{interrupts.signal()};
}

}  // namespace

int main(int argc, char** argv) {
  minillama::app::restart_with_blas(argv);
  return minillama::app::run(argv[0], [&] { run(argc, argv); });
}
