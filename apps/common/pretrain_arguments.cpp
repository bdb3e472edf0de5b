#include "common/pretrain_arguments.h"

#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/position_schemes.h"

#include "common/model_arguments.h"
#include "common/option_rules.h"

namespace minillama::app {
namespace {

void add_text_options(Arguments& arguments) {
  arguments.group("Text");
  arguments.option("train", "Text to train on, or a file of its token ids", "PATH");
  arguments.option("valid", "The same, to evaluate on", "PATH");
  arguments.option("documents",
                   "What a document is: line; file, the whole of it; sentence, what is behind the "
                   "label in a line \"label ||| sentence\"",
                   "WHAT", "line");
  arguments.option("train-tokenizer", "Make a tokenizer of N pieces from --train: byte pairs", "N");
  arguments.option("tokenizer-kind",
                   "Of that: sentencepiece (tokenizer.model), or byte-pair, of bytes "
                   "(tokenizer.json)",
                   "NAME", "sentencepiece");
}

void add_shape_options(Arguments& arguments) {
  arguments.group("A new model (without --model)");
  arguments.option("dim", "Width of the hidden states", "N", "384");
  arguments.option("layers", "Number of decoder layers", "N", "8");
  arguments.option("heads", "Query heads", "N", "8");
  arguments.option("kv-heads",
                   "Key/value heads; 0: as many as --heads (4, where that divides them)", "N");
  arguments.option("hidden-dim", "Width inside the feed-forward; 0: 8/3 of --dim", "N", "0");
  arguments.option("max-seq-len", "Positions that it is made for", "N", "1024");
  arguments.option("positions",
                   "How it knows them: rope, rotary; alibi, biases by distance; learned, a vector "
                   "for each; none",
                   "KIND", "rope");
  arguments.option("rotary-share", "Share of each head's dimensions that --positions rope rotates",
                   "X", "1");
  arguments.flag("qk-norm", "Each head's query and key goes through an RMSNorm, as Qwen3's");
  arguments.option("norm", "layernorm or rmsnorm", "KIND", "rmsnorm");
  arguments.option("dropout", "In all layers", "P", "0");
}

void add_run_options(Arguments& arguments) {
  arguments.group("Run");
  arguments.option("out-dir", "Where the best model, the log and the run's state go", "DIR");
  arguments.option("tensorboard",
                   "Write losses, learning rate and speed into event files here, which TensorBoard "
                   "draws",
                   "DIR");
  arguments.flag("resume", "Go on with the run in --out-dir, if there is one");
  arguments.flag("force", "Replace what an earlier run left in --out-dir");
  arguments.option("time-budget", "Stop and save after so long: seconds, or as in 15m, 3h", "TIME");
  arguments.option("epochs", "Times through the text", "X", "1");
  arguments.option("steps", "Steps in all, whatever the epochs; 0: as --epochs says", "N", "0");
  arguments.option("window", "Tokens in a window (512, at most what the model is made for)", "N");
  arguments.option("batch-size", "Windows in a pass", "N", "8");
  arguments.option("accumulate", "Passes in a step; on the CPU threads share them out", "N", "4");
  arguments.option("lr", "Learning rate", "X", "1e-3");
  arguments.option("schedule", "constant, linear, cosine, or trapezoid: constant and a cooldown",
                   "NAME", "cosine");
  arguments.option("warmup-steps",
                   "Steps in which the learning rate rises (100, at most a tenth of all)", "N");
  arguments.option("cooldown-steps", "Steps at the end of a trapezoid in which it falls", "N", "0");
  arguments.option("floor", "Share of it that is left at the end", "X", "0.1");
  arguments.option("beta2", "Decay of the squared gradients' mean", "X", "0.95");
  arguments.option("weight-decay", "Of all but norms", "X", "0.1");
  arguments.option("max-grad-norm", "Clip the norm of all gradients; 0: no clipping", "X", "1");
  arguments.option("dtype", "Of matrix products: f32 or bf16", "TYPE", "f32");
  arguments.flag("recompute",
                 "Keep only the inputs of layers for the backward pass and compute the rest again: "
                 "less memory, the same results");
  arguments.option("seed,s", "Of the weights and the windows' order", "N", "1337");
  arguments.option("record-every", "Steps between lines in the log", "N", "10");
  arguments.option("evaluate-every", "Steps between evaluations", "N", "200");
  arguments.option("valid-windows", "Windows of --valid that are measured; 0: all", "N", "128");
  arguments.option("save-every", "Seconds between saves of the run's state; 0: with evaluations",
                   "X", "120");
  arguments.option("sample-prompt", "Text that every evaluation continues", "TEXT",
                   "This movie is");
  arguments.flag("json", "Print the log's JSON lines only");
}

std::int64_t key_value_heads(const Arguments& arguments) {
  if (arguments.given("kv-heads")) return arguments.integer("kv-heads");
  constexpr std::int64_t kUsual = 4;
  return arguments.integer("heads") % kUsual == 0 ? kUsual : 0;
}

std::vector<std::string> position_names() {
  std::vector<std::string> names;
  for (const auto& scheme : position_schemes()) names.emplace_back(scheme.name);
  return names;
}

}  // namespace

Arguments declare_pretrain_arguments() {
  Arguments arguments(
      "pretrain", "Trains a language model on text, from scratch or from --model.",
      "--train TEXT --valid TEXT --out-dir DIR [OPTION...]",
      {"pretrain --train reviews.txt --valid held-out.txt --train-tokenizer 8192 --out-dir runs/a",
       "pretrain --train reviews.txt --valid held-out.txt --train-tokenizer 8192 --out-dir runs/a "
       "--resume",
       "pretrain -m checkpoints/reviews --train more.txt --valid held-out.txt --lr 2e-4 --out-dir "
       "runs/b"});
  add_text_options(arguments);
  add_run_options(arguments);
  add_shape_options(arguments);
  add_model_arguments(arguments);
  return arguments;
}

void check_pretrain_arguments(const Arguments& arguments) {
  std::vector<OptionRule> rules{{.option = "train-tokenizer", .excludes = {"model", "tokenizer"}},
                                {.option = "tokenizer-kind", .needs = {"train-tokenizer"}},
                                {.option = "steps", .excludes = {"epochs"}},
                                {.option = "resume", .excludes = {"force"}},
                                {.option = "cooldown-steps", .needs = {"schedule=trapezoid"}},
                                {.option = "floor", .excludes = {"schedule=constant"}},
                                {.option = "rotary-share", .needs = {"positions=rope"}},
                                {.option = "sample-prompt", .excludes = {"json"}},
                                {.option = "config", .needs = {"model"}},
                                {.option = "attention", .needs = {"model"}},
                                {.option = "compat", .needs = {"model"}},
                                {.option = "use-gpu", .excludes = {"device"}}};
  for (const auto* shape : {"dim", "layers", "heads", "kv-heads", "hidden-dim", "max-seq-len",
                            "positions", "rotary-share", "qk-norm", "norm", "dropout"}) {
    rules.push_back({.option = shape, .excludes = {"model"}});
  }
  check_options(arguments, rules);
}

ModelConfig read_model_shape(const Arguments& arguments, std::int64_t vocab_size) {
  const ModelConfig config{.dim = arguments.integer("dim"),
                           .n_layers = arguments.integer("layers"),
                           .n_heads = arguments.integer("heads"),
                           .n_kv_heads = key_value_heads(arguments),
                           .hidden_dim = arguments.integer("hidden-dim"),
                           .vocab_size = vocab_size,
                           .max_seq_len = arguments.integer("max-seq-len"),
                           .positions = arguments.choice("positions", position_names()),
                           .rotary_share = arguments.number("rotary-share"),
                           .dropout = arguments.number("dropout"),
                           .norm = norm_kind(arguments.choice("norm", {"layernorm", "rmsnorm"})),
                           .qk_norm = arguments.is_set("qk-norm")};
  return config.resolved();
}

PretrainingOptions read_pretraining_options(const Arguments& arguments) {
  const auto seed = arguments.integer("seed");
  if (seed < 0) throw OptionError(fmt::format("--seed is {}, must be 0 or positive", seed));
  PretrainingOptions options{
      .batch_size = arguments.integer("batch-size"),
      .accumulate = arguments.integer("accumulate"),
      .epochs = arguments.number("epochs"),
      .steps = arguments.integer("steps"),
      .optimizer = {.lr = arguments.number("lr"),
                    .beta2 = arguments.number("beta2"),
                    .weight_decay = arguments.number("weight-decay")},
      .max_grad_norm = arguments.number("max-grad-norm"),
      .schedule = schedule_named(
          arguments.choice("schedule", {"constant", "linear", "cosine", "trapezoid"})),
      .cooldown_steps = arguments.integer("cooldown-steps"),
      .floor = arguments.number("floor"),
      .seed = static_cast<std::uint64_t>(seed),
      .precision = precision_named(arguments.choice("dtype", {"f32", "bf16"})),
      .record_every = arguments.integer("record-every"),
      .evaluate_every = arguments.integer("evaluate-every"),
      .valid_windows = arguments.integer("valid-windows"),
      .save_every_seconds = arguments.number("save-every")};
  if (arguments.given("window")) options.window = arguments.integer("window");
  if (arguments.given("warmup-steps")) options.warmup_steps = arguments.integer("warmup-steps");
  options.validate();
  return options;
}

Documents read_documents(const Arguments& arguments) {
  const auto word = arguments.choice("documents", {"line", "file", "sentence"});
  if (word == "line") return Documents::lines;
  return word == "file" ? Documents::file : Documents::sentences;
}

}  // namespace minillama::app
