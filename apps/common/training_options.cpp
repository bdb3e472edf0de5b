#include "common/training_options.h"

#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/model_arguments.h"

namespace minillama::app {

void add_training_options(Arguments& arguments, const Dataset& dataset) {
  arguments.group("Training (ours; with --compat cmu2025)");
  const bool any = dataset.has_any_labels();
  arguments.option("out-dir",
                   std::string("Keep the classifier, its metrics and the run's state here") +
                       (any ? " (default: runs/ and the name of --train)" : ""),
                   "PATH");
  arguments.option("tensorboard",
                   "Write losses, learning rate and figures on dev into event files here, which "
                   "TensorBoard draws",
                   "DIR");
  if (!dataset.recipe.empty()) {
    arguments.flag(
        "advanced",
        fmt::format("Train as the best classifier of this model was, with{} {}; options "
                    "that are given count before these",
                    dataset.better_train.empty() ? std::string()
                                                 : fmt::format(" --train {}", dataset.better_train),
                    fmt::join(dataset.recipe, " ")));
  }
  arguments.flag("resume", "Go on with the run in --out-dir, if there is one");
  arguments.flag("force", "Replace what an earlier run left in --out-dir");
  const std::string fitted = "what suits the number of examples";
  arguments.option(
      "time-budget",
      "Try settings for so long, the learning rate first, and keep the best on dev: seconds, or as "
      "in 15m, 3h",
      "TIME");
  arguments.option("epochs",
                   fmt::format("Times through the training set ({}; 5); with --resume: more than a "
                               "finished run had",
                               any ? fitted : "3"),
                   "N");
  arguments.option("patience",
                   fmt::format("Stop after N epochs that were no better on dev; 0: never ({}; 0)",
                               any ? "3, or a third of the epochs" : "0"),
                   "N");
  arguments.option(
      "batch-size",
      fmt::format("Sentences in a batch ({}; 8); prompting with --compat: that are "
                  "padded together (10)",
                  any ? "16; 32 of 4,000 examples on" : std::to_string(dataset.batch_size)),
      "N");
  arguments.option("lr", fmt::format("Learning rate ({}; 2e-5)", any ? fitted : "2e-4, LoRA 2e-3"),
                   "X");
  arguments.option("schedule", "constant, linear or cosine (linear; constant)", "NAME");
  arguments.option("warmup", "Share of the steps in which the learning rate rises (0.1; 0)", "X");
  arguments.option("weight-decay", "Of all but norms and biases (0.01; 0)", "X");
  arguments.option("max-grad-norm", "Clip the norm of all gradients; 0: no clipping (1; 0)", "X");
  arguments.option("dtype", "Of matrix products: f32 or bf16", "TYPE", "f32");
  arguments.flag("recompute",
                 "Keep only the inputs of layers for the backward pass and compute the rest again: "
                 "less memory, the same results");
  arguments.option("hidden-dropout-prob", "Dropout on the state that is classified", "P", "0.3");
  arguments.option("pooling", "last, mean or padded-last (mean; padded-last)", "NAME");
  arguments.option("head",
                   "How the head begins: random, or label-words: as the language model's own rows "
                   "of the labels' names, which then go on behind --template; with --pooling last",
                   "NAME", "random");
  arguments.flag(
      "no-head-bias",
      "Without a bias in the head, as transformers' classifiers are (with --pooling last "
      "convert --to hf writes one)");
  arguments.option(
      "weights",
      fmt::format("Leave the weights beside the adapters in this type, stored (as they lie in the "
                  "file), {}; --out-dir then keeps the adapters alone, which name --model as their "
                  "base (default: as numbers in memory, kept with the adapters)",
                  fmt::join(weight_format_names(), ", ")),
      "TYPE");
  arguments.option("seed,s", "Of the random numbers", "N", "1337");
  // Not without a short name: cxxopts tells options apart by long and short name put together, and
  // takes "seeds" for "seed" and "s".
  arguments.option("seeds,S", "Train N times, with N seeds from --seed on; print mean (sd)", "N",
                   "1");
  arguments.option("save-every", "Seconds between saves of the run's state; 0: after epochs only",
                   "X", "60");
  arguments.option("save-every-steps", "Save it every N steps besides; 0: no", "N", "0");
}

void add_objective_options(Arguments& arguments) {
  arguments.group("Objective");
  arguments.option(
      "objective",
      "cross-entropy; ordinal (of labels in an order: what is further off costs more); r-drop (two "
      "passes with other dropout masks, drawn together); smart (answers that do not change near "
      "the "
      "examples, nor all at once from step to step); free-lb (worse places near the examples)",
      "NAME", "cross-entropy");
  arguments.option("r-drop-alpha", "How much counts how far the two passes are apart", "X", "1");
  arguments.option("adversarial-steps",
                   "Of the search near the examples (smart: 1; free-lb: 3, each of which trains)",
                   "N");
  arguments.option("adversarial-step-size", "Of one of them (smart: 0.001; free-lb: 0.1)", "X");
  arguments.option("adversarial-radius",
                   "How far the embeddings may move: each number (smart: 1e-05, also of the noise "
                   "it begins with), or the norm over a text's (free-lb: 0.3)",
                   "X");
  arguments.option("smart-weight", "How much a change near the examples counts", "X", "1");
  arguments.option("smart-proximal", "How much a change since the steps before counts", "X", "1");
  arguments.option("smart-momentum",
                   "Decay of the moving average of the weights that stands for the steps before",
                   "X", "0.99");
  arguments.option("label-smoothing", "Share of each label that all labels get alike", "X", "0");
  arguments.option("soft-labels",
                   "How probable each label is of the texts of --train: JSON lines {\"text\", "
                   "\"probabilities\": {label: p}}, such as another classifier's",
                   "PATH");
  arguments.option("soft-label-share", "What they count in what is learnt; the rest is the label's",
                   "X", "1");
  arguments.option("class-weights",
                   "How much the examples of each label count: balanced (all labels alike), or a "
                   "number for each label with commas between (default: all examples alike)",
                   "WEIGHTS");
  arguments.option("phrase-weights",
                   "How much the phrases of --train count, if that holds trees: equal, length (by "
                   "their words) or depth (1 / (1 + depth in the tree))",
                   "NAME", "equal");
  arguments.option("wise-ft",
                   "When trained, go from the weights before to those after in N steps, tell each "
                   "one's figures on dev, and keep the best; 0: keep those after",
                   "N", "0");
  arguments.option(
      "layer-decay",
      "Learning rate of a layer by that of the one above it, such as 0.9; 1: all alike", "X", "1");
  arguments.option("reinit-layers", "Draw the last N layers anew before training", "N", "0");
  arguments.option("mixout",
                   "Share of the weights of linear layers that each step takes from before "
                   "training, such as 0.5; 0: none",
                   "X", "0");
  arguments.option("average-decay",
                   "Evaluate and keep a moving average of the weights with this decay, such as "
                   "0.999; 0: the weights themselves",
                   "X", "0");
}

}  // namespace minillama::app
