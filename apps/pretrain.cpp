// Trains a language model on text.

#include <chrono>
#include <iostream>
#include <sstream>

#include <fmt/format.h>

#include "minillama/checkpoint/language_model_file.h"
#include "minillama/core/error.h"
#include "minillama/generate/text_generator.h"
#include "minillama/io/atomic_file.h"
#include "minillama/io/directory_lock.h"
#include "minillama/text/tokenized_text.h"
#include "minillama/train/pretraining.h"

#include "common/app.h"
#include "common/interrupts.h"
#include "common/model_arguments.h"
#include "common/pretrain_arguments.h"
#include "common/progress_bar.h"

namespace {

using namespace minillama;

/// The files in --out-dir beside the model's own.
constexpr const char* kStateFile = "training.safetensors";
constexpr const char* kLogFile = "log.jsonl";

/// The tokenizer of a new model: one that is given, or made of the text. A run that resumes takes
/// the one that it made.
Tokenizer open_tokenizer(const app::Arguments& arguments, const app::ModelArguments& given) {
  if (!arguments.given("train-tokenizer")) {
    if (arguments.given("tokenizer")) return Tokenizer::load(given.tokenizer);
    throw OptionError("a new model needs --tokenizer or --train-tokenizer");
  }
  const auto path = std::filesystem::path(arguments.text("out-dir")) / "tokenizer.model";
  if (arguments.is_set("resume") && std::filesystem::exists(path)) return Tokenizer::load(path);
  auto tokenizer = Tokenizer::train(arguments.text("train"), arguments.integer("train-tokenizer"));
  write_file(path, tokenizer.serialized());
  return tokenizer;
}

/// The model to start from and its tokenizer: those of --model, or new ones.
TextGenerator make_model(const app::Arguments& arguments, const app::ModelArguments& given,
                         const torch::Generator& generator) {
  if (arguments.given("model")) {
    LoadOptions load = given.load;
    load.generator = generator;
    return load_language_model(given.model, load, given.tokenizer);
  }
  auto tokenizer = open_tokenizer(arguments, given);
  LanguageModel model(app::read_model_shape(arguments, tokenizer.vocab_size()), generator);
  model->to(given.load.device);
  return {std::move(model), std::move(tokenizer)};
}

void print_record(const PretrainingRecord& record, bool is_best, bool json) {
  if (json) {
    std::cout << to_json_line(record) << std::endl;
    return;
  }
  fmt::print("step {}: {:.2f} epochs, {:.2f} M tokens, loss {:.4f}, lr {:.2e}, {:.0f} tokens/s",
             record.step, record.epoch, static_cast<double>(record.tokens) * 1e-6,
             record.train_loss, record.learning_rate, record.tokens_per_second);
  if (record.valid) {
    fmt::print("\n  valid: loss {:.4f}, perplexity {:.2f}, {:.4f} bits per byte{}",
               record.valid->loss, record.valid->perplexity, record.valid->bits_per_byte,
               is_best ? " *" : "");
  }
  fmt::print("\n");
  std::fflush(stdout);
}

void print_sample(TextGenerator& generator, const std::string& prompt) {
  std::ostringstream text;
  generator.generate(prompt, {.max_new_tokens = 60, .temperature = 0.8, .epsilon = 0.02}, text);
  fmt::print("  {}{}\n", prompt, text.str());
  std::fflush(stdout);
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
  if (arguments.given("train-tokenizer") &&
      (arguments.given("model") || arguments.given("tokenizer"))) {
    throw OptionError("--train-tokenizer excludes --model and --tokenizer");
  }
  const auto options = app::read_pretraining_options(arguments);
  const double budget = app::read_time_budget(arguments);
  const bool json = arguments.is_set("json");
  const auto prompt = arguments.text("sample-prompt");
  const auto documents = app::read_documents(arguments);
  const auto given = read_model_arguments(arguments, "");
  const std::filesystem::path directory = arguments.text("out-dir");
  make_directory(directory);
  const DirectoryLock lock(directory);

  const auto generator = make_generator(options.seed);
  auto text_generator = make_model(arguments, given, generator);
  auto& model = text_generator.model();
  const auto& tokenizer = text_generator.tokenizer();
  auto train =
      tokenize_file(arguments.text("train"), tokenizer, directory / "train.tokens", documents);
  auto valid =
      tokenize_file(arguments.text("valid"), tokenizer, directory / "valid.tokens", documents);
  if (!given.quiet) {
    std::int64_t n_parameters = 0;
    for (const auto& parameter : model->parameters()) n_parameters += parameter.numel();
    fmt::print(stderr, "{} parameters, {} tokens to train on, {} to evaluate on\n", n_parameters,
               train.size(), valid.size());
  }

  Pretraining training(model, std::move(train), std::move(valid), options, generator);
  training.keep_state(directory / kStateFile, arguments.is_set("resume"));

  const app::Interrupts interrupts;
  app::ProgressBar bar(given.quiet);
  bar.start(training.steps());
  const auto start = std::chrono::steady_clock::now();
  bool out_of_time = false;
  const auto outcome =
      training.run({.after_step =
                        [&](std::int64_t step, std::int64_t n_steps, double loss) {
                          bar.update("step", step, n_steps, fmt::format("loss {:.3f}", loss));
                        },
                    .after_record =
                        [&](const PretrainingRecord& record, bool is_best) {
                          bar.clear();
                          print_record(record, is_best, json);
                          if (!record.valid) return;
                          if (!json) print_sample(text_generator, prompt);
                          if (is_best) write_language_model(directory, model, tokenizer);
                          write_records(directory / kLogFile, training.records());
                        },
                    .should_stop =
                        [&] {
                          const std::chrono::duration<double> passed =
                              std::chrono::steady_clock::now() - start;
                          out_of_time = passed.count() >= budget;
                          return out_of_time || interrupts.signal() != 0;
                        }});
  bar.clear();
  if (outcome == Pretraining::Outcome::finished) return;
  write_records(directory / kLogFile, training.records());
  if (!given.quiet) fmt::print(stderr, "stopped and saved; --resume goes on from here\n");
  if (interrupts.signal() != 0) throw app::Interrupted{interrupts.signal()};
}

}  // namespace

int main(int argc, char** argv) {
  return minillama::app::run("pretrain", [&] { run(argc, argv); });
}
